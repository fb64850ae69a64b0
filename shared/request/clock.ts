import { setTimeout as sleep } from "node:timers/promises";

/** Reads time and waits for it. Injected everywhere, so that a test controls time. */
export interface Clock {
  now(): Date;
  /** Resolves after a time, or rejects when the signal aborts. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
  /** Runs a function after a time, and returns a function that cancels it. 0 runs it after the tasks that are ready now. */
  after(milliseconds: number, run: () => void): () => void;
}

/** The clock and timers of this machine. */
export const systemClock: Clock = {
  now: () => new Date(),
  sleep: (milliseconds, signal) => sleep(milliseconds, undefined, signal && { signal }),
  after: (milliseconds, run) => {
    if (milliseconds === 0) {
      const immediate = setImmediate(run);
      return () => clearImmediate(immediate);
    }
    // A pending timer must not keep the process alive.
    const timer = setTimeout(run, milliseconds).unref();
    return () => clearTimeout(timer);
  },
};
