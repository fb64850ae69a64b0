import { BoundedMap } from "../request/bounded-map.ts";
import type { Clock } from "../request/clock.ts";
import { backgroundContext, type RequestContext } from "../request/context.ts";

const MAX_ENTRIES = 10_000;
/** Bounds how long a vault secret that was disabled by hand still counts on an instance that has seen it. */
const MAX_AGE_MS = 10 * 60_000;
/** A read that several requests wait for must not die with the first of them. */
const READ_TIMEOUT_MS = 5_000;

interface Entry {
  hash: Promise<string>;
  expiresAt: number;
}

/**
 * Remembers hashes by the name of their vault secret, which never changes its value: bounded, for ten minutes. Requests that
 * miss together share one read; a read that fails is forgotten.
 */
export class HashCache {
  readonly #read: (secretName: string, context: RequestContext) => Promise<string>;
  readonly #clock: Clock;
  readonly #entries = new BoundedMap<Entry>(MAX_ENTRIES);

  constructor(read: (secretName: string, context: RequestContext) => Promise<string>, clock: Clock) {
    this.#read = read;
    this.#clock = clock;
  }

  get(secretName: string): Promise<string> {
    const time = this.#clock.now().getTime();
    const entry = this.#entries.get(secretName);
    if (entry && time < entry.expiresAt) return entry.hash;

    const hash = this.#read(secretName, backgroundContext(this.#clock, READ_TIMEOUT_MS));
    const added = { hash, expiresAt: time + MAX_AGE_MS };
    this.#entries.set(secretName, added);
    hash.catch(() => {
      if (this.#entries.get(secretName) === added) this.#entries.delete(secretName);
    });
    return hash;
  }
}
