import { backgroundContext, type RequestContext } from "../request/context.ts";
import { causeOf, statusOf, Unavailable } from "../request/retry.ts";
import { createKeyList, type KeyList, type KeyListOptions, type ListedKey } from "./key-list.ts";
import type { SigningKey, SigningVault } from "./signing-key.ts";
import {
  CLOCK_SKEW_MS,
  FAILURE_REMEMBERED_MS,
  LIST_RETRY_MS,
  LIST_TIMEOUT_MS,
  MAX_REFRESH_WAIT_MS,
  URGENT_REFRESH_MS,
} from "./times.ts";
import { VaultLimiter } from "./vault-limiter.ts";

/** A vault refused one version of its key, and that version alone: another one can sign in the same request. */
export class VersionRefused extends Unavailable {}

/** A version of the key of a vault, which can sign. */
export interface SigningVersion {
  readonly version: string;
  readonly key: SigningKey;
}

/** One vault: its limiter, and the versions of its key, which are listed from time to time and kept through an outage. */
export class VaultState {
  readonly url: string;
  readonly limiter: VaultLimiter;
  readonly #options: KeyListOptions;
  readonly #readKeys: KeyList;
  #versions: readonly ListedKey[] = [];
  /** When the list in use was asked for: it is as old as that. */
  #listedAt = Number.NEGATIVE_INFINITY;
  #askedAt = Number.NEGATIVE_INFINITY;
  #failedAt = Number.NEGATIVE_INFINITY;
  #staleAfterMs = 0;
  #isFailing = false;
  #pending: Promise<void> | undefined;

  constructor(vault: SigningVault, options: KeyListOptions) {
    this.url = vault.url;
    this.limiter = new VaultLimiter(options.clock);
    this.#options = options;
    this.#readKeys = createKeyList(vault, options);
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

  /**
   * Signs with a version. If that fails, the versions are listed again, since the vault may be out of reach altogether. Only a refusal
   * waits for the list, which most likely tells its reason; a reason in the version raises no alarm.
   *
   * @throws VersionRefused
   * @throws Unavailable
   */
  async sign({ version, key }: SigningVersion, data: Uint8Array, context: RequestContext): Promise<Uint8Array> {
    const alarms: Parameters<RequestContext["alarm"]>[] = [];
    try {
      return await key.sign(data, { ...context, alarm: (...alarm) => void alarms.push(alarm) });
    } catch (error) {
      if (await this.#isOfVersion(version, error)) throw new VersionRefused("no_active_signing_key", { cause: error });
      for (const alarm of alarms) context.alarm(...alarm);
      throw error;
    }
  }

  async #isOfVersion(version: string, error: unknown): Promise<boolean> {
    const status = statusOf(causeOf(error));
    if (status === 429) return false;
    const listed = this.refreshNow();
    if (status !== 403 && status !== 404) return false;
    await listed;
    return this.#noteRefusal(version);
  }

  /**
   * Tells whether a version explains that its vault refused it. The refusal of one that is near its `nbf` or `exp` is the word of the
   * vault's clock, which is taken until the next list.
   */
  #noteRefusal(version: string): boolean {
    const now = this.#options.clock.now().getTime();
    const refused = this.versions?.find((key) => key.version === version);
    if (!refused?.enabled) return this.versions !== undefined;
    const isCertain = refused.notBefore + CLOCK_SKEW_MS < now && now < refused.expiresAt - CLOCK_SKEW_MS;
    if (isCertain) return false;
    this.#versions = this.#versions.map((key) => (key === refused ? { ...refused, isRefused: true } : key));
    return true;
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
      this.#versions = await this.#readKeys(context);
      this.#listedAt = askedAt;
      this.#isFailing = false;
    } catch (error) {
      this.#isFailing = true;
      this.#failedAt = clock.now().getTime();
      this.#staleAfterMs = Math.min(times.refreshMs, LIST_RETRY_MS);
      context.alarm("keys_not_listed", error instanceof Unavailable ? error.message : "unexpected error");
    }
  }

  /** Absolute difference: a clock that was set back must not make the list fresh for ever. */
  #since(time: number): number {
    return Math.abs(this.#options.clock.now().getTime() - time);
  }
}
