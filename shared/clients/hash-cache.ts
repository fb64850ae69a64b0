import { backgroundCall, type Call } from "../request/call.ts";
import { RecentMap } from "../request/recent-map.ts";

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
  readonly #read: (secretName: string, call: Call) => Promise<string>;
  readonly #now: () => Date;
  readonly #entries = new RecentMap<Entry>(MAX_ENTRIES);

  constructor(read: (secretName: string, call: Call) => Promise<string>, now: () => Date) {
    this.#read = read;
    this.#now = now;
  }

  get(secretName: string): Promise<string> {
    const time = this.#now().getTime();
    const entry = this.#entries.get(secretName);
    if (entry && time < entry.expiresAt) return entry.hash;

    const hash = this.#read(secretName, backgroundCall(READ_TIMEOUT_MS));
    const added = { hash, expiresAt: time + MAX_AGE_MS };
    this.#entries.set(secretName, added);
    hash.catch(() => {
      if (this.#entries.get(secretName) === added) this.#entries.delete(secretName);
    });
    return hash;
  }
}
