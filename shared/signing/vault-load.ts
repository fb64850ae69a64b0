import { causeOf, retryAfterMs, statusOf } from "../request/retry.ts";

/** Requests under way to one vault, at first and at most. */
const FIRST_WINDOW = 64;
const MAX_WINDOW = 256;
/** A vault that fails this often in a row is left alone for a while; once can happen to any request. */
const FAILURES_TO_PAUSE = 3;
const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 10_000;
/** A longer `Retry-After` is not believed: to try costs one request. */
const MAX_RETRY_AFTER_MS = 60_000;

/**
 * How much one vault may be asked at once, learned from its answers as TCP learns what a network takes (RFC 5681 §3.1). Throttling
 * and failures in a row pause it and narrow its window to one request; answers widen the window, fast up to half of what was too
 * much and slowly from there.
 */
export class VaultLoad {
  #window = FIRST_WINDOW;
  #fastUpTo = FIRST_WINDOW;
  #underWay = 0;
  #failuresInARow = 0;
  #pausedUntil = 0;
  /** Counts the pauses: an answer to what was asked before the last one says nothing about the time after it. */
  #pauses = 0;

  /** How much of what the vault takes is under way. */
  get use(): number {
    return this.#underWay / this.#window;
  }

  /** Whether one more request may go to the vault now. */
  get hasRoom(): boolean {
    return this.pauseMs === 0 && this.#underWay < Math.floor(this.#window);
  }

  /** How long the vault is left alone from now on. */
  get pauseMs(): number {
    return Math.max(this.#pausedUntil - performance.now(), 0);
  }

  /** Counts a request in. The function that is returned counts it out, and takes the error that it ended with, if it did. */
  begin(): (error?: unknown) => void {
    const pauses = this.#pauses;
    this.#underWay += 1;
    return (error) => {
      if (pauses === this.#pauses) this.#learn(error);
      this.#underWay -= 1;
    };
  }

  #learn(error: unknown): void {
    if (error) {
      this.#failuresInARow += 1;
      const cause = causeOf(error);
      const askedMs = retryAfterMs(cause);
      const isThrottled = statusOf(cause) === 429 || askedMs !== undefined;
      if (isThrottled || this.#failuresInARow >= FAILURES_TO_PAUSE) this.#pause(askedMs);
    } else {
      this.#failuresInARow = 0;
      if (this.#window < this.#fastUpTo) this.#window += 1;
      // Beyond that, a window that is not used has not been shown to be too small.
      else if (this.#underWay * 2 >= this.#window) this.#window = Math.min(this.#window + 1 / this.#window, MAX_WINDOW);
    }
  }

  #pause(askedMs = 0): void {
    const backoffMs = Math.min(FIRST_PAUSE_MS * 2 ** (this.#failuresInARow - 1), MAX_PAUSE_MS);
    // Instances that were throttled together should not come back together.
    const spreadMs = backoffMs * (0.75 + 0.5 * Math.random());
    this.#pausedUntil = performance.now() + Math.max(Math.min(askedMs, MAX_RETRY_AFTER_MS), spreadMs);
    this.#pauses += 1;
    this.#fastUpTo = Math.max(this.#window / 2, 1);
    this.#window = 1;
  }
}
