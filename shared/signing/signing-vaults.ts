import type { Clock } from "../request/clock.ts";
import { Unavailable } from "../request/retry.ts";
import { isUsable, type KeyListOptions, type ListedKey } from "./key-list.ts";
import { activeVersions, type KeyTimes, keyRing, type RingKey } from "./key-ring.ts";
import type { SigningKey, SigningVault } from "./signing-key.ts";
import type { VaultLimiter } from "./vault-limiter.ts";
import { type SigningVersion, VaultState } from "./vault-state.ts";

/** What the signer is made from. */
export interface SignerOptions extends KeyListOptions {
  vaults: readonly SigningVault[];
}

/** A vault that can sign, and the key that it signs with. */
export interface ActiveVault extends SigningVersion {
  readonly state: VaultState;
  readonly limiter: VaultLimiter;
}

/** The signing vaults with the one key ring over all of them, as far as they are listed. */
export class SigningVaults {
  readonly states: readonly VaultState[];
  readonly #times: KeyTimes;
  readonly #clock: Clock;

  constructor({ vaults, ...options }: SignerOptions) {
    this.#times = options.times;
    this.#clock = options.clock;
    this.states = vaults.map((vault) => new VaultState(vault, options));
  }

  /** The keys that are known, newest first. */
  keys(): RingKey<ListedKey>[] {
    return keyRing(this.#versions, this.#clock.now().getTime(), this.#times, this.#isComplete);
  }

  /** The vaults with an active key. */
  active(): ActiveVault[] {
    const active = activeVersions(this.#versions, this.#clock.now().getTime(), this.#times, this.#isComplete);
    return this.states.flatMap((state) => {
      const { version, signingKey: key } = active.find(({ vault }) => vault === state.url) ?? {};
      return version && key ? [{ state, limiter: state.limiter, version, key }] : [];
    });
  }

  /**
   * The vaults with an active key, once the lists are fresh. A vault that is being listed is not waited for if another one can sign,
   * and one that cannot be listed is left out if another one can.
   *
   * @throws Unavailable
   */
  async currentlyActive(): Promise<readonly ActiveVault[]> {
    await Promise.race(this.states.map((state) => state.refreshIfStale()));
    if (this.active().length === 0) await this.#refreshNow();
    const active = this.active();
    if (active.length === 0) throw new Unavailable("no_active_signing_key");
    return preferred(active, ({ state }) => !state.isFailing);
  }

  /**
   * The keys that are published, once the lists are fresh, and whether these are the keys of all vaults.
   *
   * @throws Unavailable
   */
  async currentlyPublished(): Promise<{ keys: SigningKey[]; isComplete: boolean }> {
    await this.refreshIfStale();
    if (this.#published().length === 0) await this.#refreshNow();
    // Both of one moment: at the next, a list may have come in.
    const published = { keys: this.#published(), isComplete: this.#isComplete };
    if (published.keys.length === 0) throw new Unavailable("no_published_signing_key");
    return published;
  }

  /** Reads the lists again that are stale. */
  async refreshIfStale(): Promise<void> {
    await Promise.all(this.states.map((state) => state.refreshIfStale()));
  }

  /** Settles when no list is being read. */
  async pending(): Promise<void> {
    await Promise.all(this.states.map((state) => state.pending));
  }

  get #versions(): ListedKey[] {
    return this.states.flatMap((state) => state.versions ?? []).filter(isUsable);
  }

  /** Whether the keys of every vault are known. */
  get #isComplete(): boolean {
    return this.states.every((state) => state.versions);
  }

  async #refreshNow(): Promise<void> {
    await Promise.all(this.states.map((state) => state.refreshNow()));
  }

  #published(): SigningKey[] {
    return this.keys().flatMap(({ key, state }) => (state === "expired" ? [] : (key.signingKey ?? [])));
  }
}

/** The items that pass a test, or all if none does. */
export function preferred<T>(items: readonly T[], test: (item: T) => boolean): readonly T[] {
  const passing = items.filter(test);
  return passing.length > 0 ? passing : items;
}
