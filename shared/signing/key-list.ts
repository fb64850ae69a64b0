import type { Clock } from "../request/clock.ts";
import type { RequestContext } from "../request/context.ts";
import type { RetryPolicy } from "../request/retry.ts";
import { createExpiryAlarms } from "./key-expiry.ts";
import { type KeyTimes, type KeyVersion, keyRing } from "./key-ring.ts";
import { type SigningKey, type SigningVault, toSigningKey } from "./signing-key.ts";
import { MAX_KEY_AGE_MS } from "./times.ts";

/** What the keys of a vault are read by. */
export interface KeyListOptions {
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

/**
 * Reads the versions of the key, with the keys of those that have not expired. A key that was loaded once is not loaded again.
 *
 * @throws Unavailable
 */
export type KeyList = (context: RequestContext) => Promise<readonly ListedKey[]>;

/** Creates the {@link KeyList} of a vault. */
export function createKeyList({ url, keys, cryptography }: SigningVault, options: KeyListOptions): KeyList {
  const { keyName, times, retry, clock } = options;
  const alarmOfExpiry = createExpiryAlarms();
  let known: readonly ListedKey[] = [];

  const list = async (context: RequestContext): Promise<ListedKey[]> => {
    const run = (abortSignal: AbortSignal) =>
      Array.fromAsync(keys.listPropertiesOfKeyVersions(keyName, { abortSignal }));
    const listed = await retry({ name: "vault list keys", run }, context);
    const loaded = new Map(known.map(({ version, signingKey }) => [version, signingKey]));
    return listed.map(({ version = "", createdOn, updatedOn = createdOn, enabled, notBefore, expiresOn }) => ({
      vault: url,
      version,
      createdAt: createdOn?.getTime() ?? 0,
      updatedAt: updatedOn?.getTime() ?? 0,
      enabled: enabled !== false,
      notBefore: notBefore?.getTime() ?? Number.NEGATIVE_INFINITY,
      expiresAt: expiresOn?.getTime() ?? Number.POSITIVE_INFINITY,
      isRefused: false,
      signingKey: loaded.get(version),
      isUsable: true,
    }));
  };

  /** Loads the keys that have not expired. One that is not usable does not end the key before it, which then is loaded as well. */
  const withKeys = async (versions: readonly ListedKey[], context: RequestContext): Promise<readonly ListedKey[]> => {
    const now = clock.now().getTime();
    const ring = keyRing(versions.filter(isUsable), now, times, false);
    const missing = new Set(
      ring.flatMap(({ key, state }) => (state !== "expired" && !key.signingKey ? key.version : [])),
    );
    if (missing.size > 0) {
      const loading = versions.map((version) => (missing.has(version.version) ? load(version, context) : version));
      return withKeys(await Promise.all(loading), context);
    }
    const isOld = ring.some(({ key, state }) => state === "active" && now - key.createdAt > MAX_KEY_AGE_MS);
    if (isOld) context.alarm("signing_key_old", "the active signing key was made more than 180 days ago");
    // As if this vault were the only one: another one that signs does not replace it for long.
    alarmOfExpiry(keyRing(versions.filter(isUsable), now, times, true), now, context);
    return versions;
  };

  const load = async (listed: ListedKey, context: RequestContext): Promise<ListedKey> => {
    const { version } = listed;
    const run = (abortSignal: AbortSignal) => keys.getKey(keyName, { version, abortSignal });
    const key = await retry({ name: "vault get key", run }, context);
    const signingKey = toSigningKey(key, cryptography(key), retry);
    if (signingKey) return { ...listed, signingKey };
    context.alarm("key_unusable", `version ${version} of the signing key is not RSA of 2048 bits or more`);
    return { ...listed, isUsable: false };
  };

  return async (context) => {
    known = await withKeys(await list(context), context);
    return known;
  };
}

/** An unusable version must neither replace a usable one nor end it. */
export function isUsable(version: ListedKey): boolean {
  return version.isUsable;
}
