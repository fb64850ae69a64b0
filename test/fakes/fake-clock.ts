import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "../../shared/request/clock.ts";

/** A clock that a test moves. Timers run when the clock is moved past them; pauses take a hundredth of their time. */
export interface FakeClock extends Clock {
  readonly now: () => Date;
  /** Moves the clock forward and runs the due timers in order. */
  advance(milliseconds: number): void;
  /** Moves the clock forward without running timers. */
  skip(milliseconds: number): void;
  /** Number of waiting timers. */
  readonly pending: number;
}

/** Makes a clock, by default at the time of the documentation's examples. */
export function createClock(start = "2026-03-27T00:00:00Z"): FakeClock {
  let time = Date.parse(start);
  const timers = new Set<{ readonly due: number; readonly run: () => void }>();
  return {
    now: () => new Date(time),
    sleep: (milliseconds, signal) => sleep(milliseconds / 100, undefined, signal && { signal }),
    after(milliseconds, run) {
      if (milliseconds === 0) {
        const immediate = setImmediate(run);
        return () => clearImmediate(immediate);
      }
      const timer = { due: time + milliseconds, run };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    advance(milliseconds) {
      time += milliseconds;
      const due = [...timers].filter((timer) => timer.due <= time).sort((a, b) => a.due - b.due);
      for (const timer of due) if (timers.delete(timer)) timer.run();
    },
    skip(milliseconds) {
      time += milliseconds;
    },
    get pending() {
      return timers.size;
    },
  };
}
