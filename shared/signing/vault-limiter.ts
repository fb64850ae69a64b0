import type { Clock } from "../request/clock.ts";
import { causeOf, retryAfterMs, statusOf } from "../request/retry.ts";
import { FIRST_BACKOFF_MS, MAX_BACKOFF_MS, MAX_RETRY_AFTER_MS } from "./times.ts";

/** Enough for the quota of a vault, 400 signatures a second, at 320 ms each. */
const MAX_WINDOW = 128;
const FAILURES_TO_PAUSE = 3;

/**
 * Limits the concurrent calls to one vault to a window. A 429, any `Retry-After` and three failures in a row pause the vault, with
 * exponential backoff and jitter. Then the window is one call, and each success widens it by one (slow start, RFC 5681 §3.1).
 */
export class VaultLimiter {
  readonly #clock: Clock;
  #window = MAX_WINDOW;
  #underWay = 0;
  #failuresInARow = 0;
  #pauses = 0;
  #pausedUntil = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds until the vault may be called again; 0 outside of a pause. */
  get pauseMs(): number {
    return this.#pausedUntil && Math.max(this.#pausedUntil - this.#clock.now().getTime(), 1);
  }

  /** The free share of the window. */
  get room(): number {
    return this.#pausedUntil ? 0 : Math.max(1 - this.#underWay / this.#window, 0);
  }

  /** Takes the room of one call. What it returns releases it, with the error of the call if it failed; `onRoom` runs then and after a pause. */
  acquire(onRoom: () => void): (error?: unknown) => void {
    const pauses = this.#pauses;
    this.#underWay += 1;
    return (error) => {
      this.#underWay -= 1;
      // A call from before the last pause says nothing about the time after it.
      if (pauses === this.#pauses) this.#adapt(error, onRoom);
      onRoom();
    };
  }

  #adapt(error: unknown, onRoom: () => void): void {
    this.#failuresInARow = error ? this.#failuresInARow + 1 : 0;
    if (!error) this.#window = Math.min(this.#window + 1, MAX_WINDOW);
    if (!isThrottled(error) && this.#failuresInARow < FAILURES_TO_PAUSE) return;
    const backoffMs = Math.min(FIRST_BACKOFF_MS * 2 ** (this.#failuresInARow - 1), MAX_BACKOFF_MS);
    const retryMs = Math.min(retryAfterMs(causeOf(error)) ?? 0, MAX_RETRY_AFTER_MS);
    // Jitter: instances that were throttled together must not return together.
    const pauseMs = Math.max(retryMs, backoffMs * (0.75 + 0.5 * Math.random()));
    this.#pauses += 1;
    this.#window = 1;
    this.#pausedUntil = this.#clock.now().getTime() + pauseMs;
    this.#clock.after(pauseMs, () => {
      this.#pausedUntil = 0;
      onRoom();
    });
  }
}

/** Tells whether a vault refused a call for its quota: it has done nothing, so that the call may be made again. */
export function isThrottled(error: unknown): boolean {
  return statusOf(causeOf(error)) === 429 || retryAfterMs(causeOf(error)) !== undefined;
}
