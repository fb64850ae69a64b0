import type { Clock } from "../request/clock.ts";
import { type RetryPolicy, Unavailable } from "../request/retry.ts";
import { KeyList } from "./key-list.ts";
import { type KeyTimes, keyRing, type RingKey } from "./key-ring.ts";
import { keyReader, type ListedKey, type SigningKey, type SigningVault } from "./signing-key.ts";
import { VaultLimiter } from "./vault-limiter.ts";

/** What the signer is made from. */
export interface SignerOptions {
  vaults: readonly SigningVault[];
  keyName: string;
  times: KeyTimes;
  retry: RetryPolicy;
  clock: Clock;
}

/** A vault as this process knows it. */
export interface KnownVault {
  readonly url: string;
  readonly list: KeyList<ListedKey>;
  readonly limiter: VaultLimiter;
}

/** A vault that can sign, and the key that it signs with. */
export interface SigningServer extends KnownVault {
  readonly key: SigningKey;
}

/** The one key ring over all vaults, as far as they are listed. */
export class VaultRing {
  readonly vaults: readonly KnownVault[];
  readonly #times: KeyTimes;
  readonly #clock: Clock;

  constructor({ vaults, keyName, times, retry, clock }: SignerOptions) {
    this.#times = times;
    this.#clock = clock;
    this.vaults = vaults.map((vault) => ({
      url: vault.url,
      list: new KeyList(keyReader(vault, keyName, times, retry, clock), times, clock),
      limiter: new VaultLimiter(clock),
    }));
  }

  /** The keys that are known, newest first. */
  keys(): RingKey<ListedKey>[] {
    const versions = this.vaults.flatMap(({ list }) => list.versions ?? []);
    return keyRing(versions, this.#clock.now().getTime(), this.#times, this.#isComplete);
  }

  /** The vaults with an active key. */
  servers(): SigningServer[] {
    const active = this.keys().filter(({ state }) => state === "active");
    return this.vaults.flatMap((vault) => {
      const key = active.find((entry) => entry.key.vault === vault.url)?.key.signingKey;
      return key ? [{ ...vault, key }] : [];
    });
  }

  /**
   * The vaults with an active key once that is up to date. One that is still being listed is not waited for if another can sign;
   * one that cannot be listed is left out if another can.
   *
   * @throws Unavailable
   */
  async currentServers(): Promise<readonly SigningServer[]> {
    await Promise.race(this.vaults.map(({ list }) => list.upToDate()));
    let servers = this.servers();
    if (servers.length === 0) {
      await this.#listNow();
      servers = this.servers();
    }
    if (servers.length === 0) throw new Unavailable("no_active_signing_key");
    return preferred(servers, ({ list }) => !list.failing);
  }

  /**
   * The keys that are published once that is up to date, and whether those are the keys of all vaults.
   *
   * @throws Unavailable
   */
  async currentKeySet(): Promise<{ keys: SigningKey[]; isComplete: boolean }> {
    await this.upToDate();
    if (this.#published().length === 0) await this.#listNow();
    // Both of one moment: at the next, a list may have come in.
    const keySet = { keys: this.#published(), isComplete: this.#isComplete };
    if (keySet.keys.length === 0) throw new Unavailable("no_published_signing_key");
    return keySet;
  }

  /** Lists again what it is time for. */
  async upToDate(): Promise<void> {
    await Promise.all(this.vaults.map(({ list }) => list.upToDate()));
  }

  /** Waits for what is being listed. */
  async settled(): Promise<void> {
    await Promise.all(this.vaults.map(({ list }) => list.settled()));
  }

  /** Whether the keys of every vault are known. */
  get #isComplete(): boolean {
    return this.vaults.every(({ list }) => list.versions);
  }

  /** There is nothing to go on with, so what is new in any vault counts at once. */
  async #listNow(): Promise<void> {
    await Promise.all(this.vaults.map(({ list }) => list.refresh()));
  }

  #published(): SigningKey[] {
    return this.keys().flatMap(({ key, state }) => (state === "gone" ? [] : (key.signingKey ?? [])));
  }
}

/** Those that pass a test, or all if none does. */
export function preferred<T>(items: readonly T[], test: (item: T) => boolean): readonly T[] {
  const passing = items.filter(test);
  return passing.length > 0 ? passing : items;
}
