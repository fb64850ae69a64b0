import type { Clock } from "../request/clock.ts";
import { backgroundContext, type RequestContext } from "../request/context.ts";
import { type RetryPolicy, Unavailable } from "../request/retry.ts";
import { type KeyTimes, type KeyVersion, keyRing } from "./key-ring.ts";
import { type SigningKey, type SigningVault, toSigningKey } from "./signing-key.ts";
import {
  FAILURE_REMEMBERED_MS,
  LIST_RETRY_MS,
  LIST_TIMEOUT_MS,
  MAX_KEY_AGE_MS,
  MAX_REFRESH_WAIT_MS,
  URGENT_REFRESH_MS,
} from "./times.ts";
import { VaultLimiter } from "./vault-limiter.ts";

/** What a {@link VaultState} is made from, beside its vault. */
export interface VaultOptions {
  keyName: string;
  times: KeyTimes;
  retry: RetryPolicy;
  clock: Clock;
}

/** A version of the key as listed last. */
export interface ListedKey extends KeyVersion {
  /** Absent where it was not needed yet, or is not usable. */
  readonly signingKey?: SigningKey | undefined;
  /** False once the key has turned out to be one that cannot sign tokens. */
  readonly isUsable: boolean;
}

/** One vault: its limiter, and the versions of its key, which are listed from time to time and kept through an outage. */
export class VaultState {
  readonly url: string;
  readonly limiter: VaultLimiter;
  readonly #vault: SigningVault;
  readonly #options: VaultOptions;
  #versions: readonly ListedKey[] = [];
  /** When the list in use was asked for: it is as old as that. */
  #listedAt = Number.NEGATIVE_INFINITY;
  #askedAt = Number.NEGATIVE_INFINITY;
  #failedAt = Number.NEGATIVE_INFINITY;
  #staleAfterMs = 0;
  #isFailing = false;
  #pending: Promise<void> | undefined;

  constructor(vault: SigningVault, options: VaultOptions) {
    this.url = vault.url;
    this.limiter = new VaultLimiter(options.clock);
    this.#vault = vault;
    this.#options = options;
  }

  /** The versions as listed last; `undefined` if there is no list, or only one too old to be relied on. */
  get versions(): readonly ListedKey[] | undefined {
    return this.#since(this.#listedAt) > this.#options.times.listKeptMs ? undefined : this.#versions;
  }

  /** Whether the last reading of the list failed. */
  get isFailing(): boolean {
    return this.#isFailing;
  }

  /** The reading of the list that is under way. */
  get pending(): Promise<void> | undefined {
    return this.#pending;
  }

  /**
   * Reads the list again if it is time to. Under steady use that happens beside the requests; a list that nobody used for a while is
   * waited for, unless the vault has just failed.
   */
  async refreshIfStale(): Promise<void> {
    if (this.#since(this.#askedAt) >= this.#staleAfterMs) this.#refresh();
    const isFresh = this.#since(this.#listedAt) < this.#options.times.refreshMs;
    if (!this.#pending || isFresh || this.#since(this.#failedAt) < FAILURE_REMEMBERED_MS) return;
    await (this.versions
      ? Promise.race([this.#pending, this.#options.clock.sleep(MAX_REFRESH_WAIT_MS)])
      : this.#pending);
  }

  /** Reads the list again, since the one in use does not help; at most once a second. */
  async refreshNow(): Promise<void> {
    if (this.#since(this.#askedAt) >= URGENT_REFRESH_MS) this.#refresh();
    await this.#pending;
  }

  #refresh(): void {
    if (this.#pending !== undefined) return;
    const { clock, times } = this.#options;
    this.#askedAt = clock.now().getTime();
    // Jitter: instances that started together must not list together.
    this.#staleAfterMs = times.refreshMs * (0.8 + 0.2 * Math.random());
    this.#pending = this.#read(this.#askedAt).finally(() => {
      this.#pending = undefined;
    });
  }

  async #read(askedAt: number): Promise<void> {
    const { clock, times } = this.#options;
    const context = backgroundContext(clock, LIST_TIMEOUT_MS);
    try {
      this.#versions = await this.#withKeys(await this.#list(context), context);
      this.#listedAt = askedAt;
      this.#isFailing = false;
    } catch (error) {
      this.#isFailing = true;
      this.#failedAt = clock.now().getTime();
      this.#staleAfterMs = Math.min(times.refreshMs, LIST_RETRY_MS);
      context.alarm("keys_not_listed", error instanceof Unavailable ? error.message : "unexpected error");
    }
  }

  async #list(context: RequestContext): Promise<ListedKey[]> {
    const { keyName, retry } = this.#options;
    const run = (abortSignal: AbortSignal) =>
      Array.fromAsync(this.#vault.keys.listPropertiesOfKeyVersions(keyName, { abortSignal }));
    const listed = await retry({ name: "vault list keys", run }, context);
    const known = new Map(this.#versions.map(({ version, signingKey }) => [version, signingKey]));
    return listed.map(({ version = "", createdOn, enabled }) => ({
      vault: this.url,
      version,
      createdAt: createdOn?.getTime() ?? 0,
      enabled: enabled !== false,
      signingKey: known.get(version),
      isUsable: true,
    }));
  }

  /** Loads the keys that have not expired. One that is not usable does not end the key before it, which then is loaded as well. */
  async #withKeys(versions: readonly ListedKey[], context: RequestContext): Promise<readonly ListedKey[]> {
    const now = this.#options.clock.now().getTime();
    const ring = keyRing(versions.filter(isUsable), now, this.#options.times, false);
    const missing = new Set(
      ring.flatMap(({ key, state }) => (state !== "expired" && !key.signingKey ? key.version : [])),
    );
    if (missing.size > 0) {
      const load = async (version: ListedKey) =>
        missing.has(version.version) ? this.#load(version, context) : version;
      return this.#withKeys(await Promise.all(versions.map(load)), context);
    }
    const isOld = ring.some(({ key, state }) => state === "active" && now - key.createdAt > MAX_KEY_AGE_MS);
    if (isOld) context.alarm("signing_key_old", "the active signing key was made more than 180 days ago");
    return versions;
  }

  async #load(listed: ListedKey, context: RequestContext): Promise<ListedKey> {
    const { keyName, retry } = this.#options;
    const { version } = listed;
    const run = (abortSignal: AbortSignal) => this.#vault.keys.getKey(keyName, { version, abortSignal });
    const key = await retry({ name: "vault get key", run }, context);
    const signingKey = toSigningKey(key, this.#vault.cryptography(key), retry);
    if (signingKey) return { ...listed, signingKey };
    context.alarm("key_unusable", `version ${version} of the signing key is not RSA of 2048 bits or more`);
    return { ...listed, isUsable: false };
  }

  /** Absolute difference: a clock that was set back must not make the list fresh for ever. */
  #since(time: number): number {
    return Math.abs(this.#options.clock.now().getTime() - time);
  }
}

/** An unusable version must neither replace a usable one nor end it. */
export function isUsable(version: ListedKey): boolean {
  return version.isUsable;
}
