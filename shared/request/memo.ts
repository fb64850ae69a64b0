import { BoundedMap } from "./bounded-map.ts";
import type { Clock } from "./clock.ts";

/** How many values a memo holds before it evicts the oldest, and for how long; 0 shares a value only while it is being loaded. */
export interface MemoLimits {
  readonly maxEntries: number;
  readonly maxAgeMs: number;
}

interface Entry<T> {
  readonly value: Promise<T>;
  readonly expiresAt: number;
}

/** Remembers what was loaded, bounded in number and age. Callers that miss together share one load (single-flight); a failure is dropped. */
export class Memo<T> {
  readonly #limits: MemoLimits;
  readonly #clock: Clock;
  readonly #entries: BoundedMap<Entry<T>>;

  constructor(limits: MemoLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
    this.#entries = new BoundedMap(limits.maxEntries);
  }

  /** The value of a key: remembered, or loaded now. The load must not end with the caller, since others may wait for it. */
  get(key: string, load: () => Promise<T>): Promise<T> {
    const now = this.#clock.now().getTime();
    const known = this.#entries.get(key);
    if (known && now < known.expiresAt) return known.value;

    const { maxAgeMs } = this.#limits;
    const entry = { value: load(), expiresAt: maxAgeMs === 0 ? Number.POSITIVE_INFINITY : now + maxAgeMs };
    this.#entries.set(key, entry);
    const drop = () => {
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
    };
    entry.value.then(maxAgeMs === 0 ? drop : undefined, drop);
    return entry.value;
  }
}
