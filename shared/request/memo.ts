import { BoundedMap } from "./bounded-map.ts";
import type { Clock } from "./clock.ts";

/** The limits of a memo: the number of entries before it evicts the oldest, and their age. The age 0 shares a value only during its load. */
export interface MemoLimits {
  readonly maxEntries: number;
  readonly maxAgeMs: number;
}

interface Entry<T> {
  readonly value: Promise<T>;
  readonly expiresAt: number;
}

/** A bounded cache with single-flight: concurrent misses of a key share one load. A failed load is evicted. */
export class Memo<T> {
  readonly #limits: MemoLimits;
  readonly #clock: Clock;
  readonly #entries: BoundedMap<Entry<T>>;

  constructor(limits: MemoLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
    this.#entries = new BoundedMap(limits.maxEntries);
  }

  /** Returns the cached value of a key, or loads it. The load must not use the deadline of the caller, since others may wait for it. */
  get(key: string, load: () => Promise<T>): Promise<T> {
    const now = this.#clock.now().getTime();
    const known = this.#entries.get(key);
    if (known && now < known.expiresAt) return known.value;

    const { maxAgeMs } = this.#limits;
    const entry = { value: load(), expiresAt: maxAgeMs === 0 ? Number.POSITIVE_INFINITY : now + maxAgeMs };
    this.#entries.set(key, entry);
    const evict = () => {
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
    };
    entry.value.then(maxAgeMs === 0 ? evict : undefined, evict);
    return entry.value;
  }
}
