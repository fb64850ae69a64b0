import { setTimeout as sleep } from "node:timers/promises";

/** Time, wherever it is read or waited for: injected, so that a test decides when it passes. */
export interface Clock {
  now(): Date;
  /** Settles after a time; rejects when the signal aborts. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
  /** Runs a function after a time, 0 for as soon as what is ready now has run. Returns what cancels it. */
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
    // What still waits must not keep a process alive that has nothing else to do.
    const timer = setTimeout(run, milliseconds).unref();
    return () => clearTimeout(timer);
  },
};
