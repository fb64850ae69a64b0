const MAX_ENTRIES = 10_000;

/** When a client is taken to ask for tokens faster than it can use them; 0 in any of the numbers: never. */
export interface ReuseRules {
  /** New tokens at once. */
  burst: number;
  /** New tokens in the long run. */
  perSecond: number;
  /** How old a token may be that is given out again. */
  seconds: number;
}

interface Entry<T> {
  /** How many new ones may be made as of `at`, in milliseconds since 1970. */
  allowance: number;
  at: number;
  last: { value: T; madeAt: number } | undefined;
}

/** Remembers what was made last for a key, for when that is asked for too often. In memory alone, bounded, and forgotten soon. */
export class TokenReuse<T> {
  readonly #rules: ReuseRules;
  /** Least recently used first. */
  readonly #entries = new Map<string, Entry<T>>();

  constructor(rules: ReuseRules) {
    this.#rules = rules;
  }

  /** What was made last, if the key has used up its allowance and it is young enough. Else a new one is due, and counted. */
  take(key: string, time: number): T | undefined {
    const { burst, perSecond, seconds } = this.#rules;
    if (burst === 0 || perSecond === 0 || seconds === 0) return undefined;
    const entry = this.#entry(key, time);
    entry.allowance = Math.min(entry.allowance + (Math.max(time - entry.at, 0) / 1_000) * perSecond, burst);
    entry.at = time;
    if (entry.allowance >= 1) {
      entry.allowance -= 1;
      return undefined;
    }
    const age = entry.last && time - entry.last.madeAt;
    return age !== undefined && age >= 0 && age <= seconds * 1_000 ? entry.last?.value : undefined;
  }

  /** Remembers a new one. */
  put(key: string, time: number, value: T): void {
    const entry = this.#entries.get(key);
    if (entry) entry.last = { value, madeAt: time };
  }

  /** Forgets one that came to nothing. */
  drop(key: string, value: T): void {
    const entry = this.#entries.get(key);
    if (entry?.last?.value === value) entry.last = undefined;
  }

  #entry(key: string, time: number): Entry<T> {
    const entry = this.#entries.get(key) ?? { allowance: this.#rules.burst, at: time, last: undefined };
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    this.#forget(time);
    return entry;
  }

  /** Drops what is as good as not there, and what is too much. */
  #forget(time: number): void {
    const { burst, perSecond, seconds } = this.#rules;
    const idleMs = Math.max(burst / perSecond, seconds) * 1_000;
    for (const [key, { at }] of this.#entries) {
      if (time - at <= idleMs && this.#entries.size <= MAX_ENTRIES) return;
      this.#entries.delete(key);
    }
  }
}
