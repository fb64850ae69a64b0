import { createHash, createPublicKey, verify } from "node:crypto";
import type { Clock } from "../request/clock.ts";
import type { RequestContext } from "../request/context.ts";
import { type RetryPolicy, Unavailable } from "../request/retry.ts";
import { type KeyTimes, type KeyVersion, keyRing } from "./key-ring.ts";

/** A version of a key as Key Vault lists it. */
export interface ListedVersion {
  readonly version?: string;
  readonly createdOn?: Date;
  readonly enabled?: boolean;
}

/** A version of a key with its public part. */
export interface VaultKey {
  /** The URL of this version. */
  readonly id?: string;
  readonly keyType?: string;
  readonly key?: { readonly n?: Uint8Array; readonly e?: Uint8Array };
}

/** The port to a vault with a signing key, with the names of Azure's SDK. */
export interface SigningVault {
  url: string;
  keys: {
    getKey(name: string, options: { readonly version: string; readonly abortSignal?: AbortSignal }): Promise<VaultKey>;
    listPropertiesOfKeyVersions(
      name: string,
      options?: { readonly abortSignal?: AbortSignal },
    ): AsyncIterable<ListedVersion>;
  };
  /** What signs with exactly this version of the key. */
  cryptography(key: VaultKey): RemoteSigner;
}

/** What the signer needs of `CryptographyClient`. */
export interface RemoteSigner {
  signData(
    algorithm: "RS256",
    data: Uint8Array,
    options?: { abortSignal?: AbortSignal },
  ): Promise<{ result: Uint8Array }>;
}

/** A public signing key as the JWKS shows it (RFC 7517 §4, RFC 7518 §6.3.1). */
export interface PublicJwk {
  kty: "RSA";
  use: "sig";
  alg: "RS256";
  /** The RFC 7638 thumbprint. */
  kid: string;
  n: string;
  e: string;
}

/** A key that never leaves its vault: what it is known by, and what it can do. */
export interface SigningKey {
  readonly jwk: PublicJwk;
  /**
   * Signs with exactly this version of the key, in one try, and verifies the signature with the published key.
   *
   * @throws WrongSignature
   * @throws Unavailable with what Azure said as its cause.
   */
  sign(data: Uint8Array, context: RequestContext): Promise<Uint8Array>;
}

/** The vault signed with another key than it was told to, which would make tokens that nobody can verify. */
export class WrongSignature extends Unavailable {}

/** A version of the key with its key; without one if it is gone, or cannot sign tokens. */
export interface ListedKey extends KeyVersion {
  readonly signingKey: SigningKey | undefined;
}

const MIN_MODULUS_BYTES = 256;
/** The vault renews its key every 90 days by itself; one that has signed for twice as long was forgotten. */
const MAX_KEY_AGE_MS = 180 * 24 * 3_600_000;

/** Makes what reads all versions of the key from its vault, with the keys of those that are not gone. */
export function keyReader(vault: SigningVault, keyName: string, times: KeyTimes, retry: RetryPolicy, clock: Clock) {
  const list = async (context: RequestContext): Promise<KeyVersion[]> => {
    const run = async (abortSignal: AbortSignal) =>
      Array.fromAsync(vault.keys.listPropertiesOfKeyVersions(keyName, { abortSignal }));
    const versions = await retry({ name: "vault list keys", run }, context);
    return versions.map((properties) => toKeyVersion(vault.url, properties));
  };

  const load = async (version: string, context: RequestContext): Promise<SigningKey | undefined> => {
    const run = (abortSignal: AbortSignal) => vault.keys.getKey(keyName, { version, abortSignal });
    const key = await retry({ name: "vault get key", run }, context);
    const signingKey = toSigningKey(key, vault.cryptography(key), retry);
    if (!signingKey)
      context.alarm("key_unusable", `version ${version} of the signing key is not RSA of 2048 bits or more`);
    return signingKey;
  };

  return async (known: readonly ListedKey[], context: RequestContext): Promise<ListedKey[]> => {
    const keys = new Map<string, SigningKey | undefined>();
    for (const { version, signingKey } of known) if (signingKey) keys.set(version, signingKey);
    let listed = await list(context);
    for (;;) {
      const ring = keyRing(listed, clock.now().getTime(), times, false);
      const wanted = ring.filter(({ key, state }) => state !== "gone" && !keys.get(key.version));
      if (wanted.length === 0) {
        const isOld = ring.some(
          ({ key, state }) => state === "active" && clock.now().getTime() - key.createdAt > MAX_KEY_AGE_MS,
        );
        if (isOld) context.alarm("signing_key_old", "the active signing key was made more than 180 days ago");
        return listed.map((key) => ({ ...key, signingKey: keys.get(key.version) }));
      }
      await Promise.all(wanted.map(async ({ key }) => keys.set(key.version, await load(key.version, context))));
      // What cannot sign must not take over from what can, nor end it.
      listed = listed.map((key) =>
        keys.has(key.version) && !keys.get(key.version) ? { ...key, enabled: false } : key,
      );
    }
  };
}

function toKeyVersion(vault: string, { version = "", createdOn, enabled }: ListedVersion): KeyVersion {
  return { vault, version, createdAt: createdOn?.getTime() ?? 0, enabled: enabled !== false };
}

function toSigningKey(
  { keyType, key }: VaultKey,
  cryptography: RemoteSigner,
  retry: RetryPolicy,
): SigningKey | undefined {
  const { n, e } = key ?? {};
  if (!keyType?.startsWith("RSA") || !n || n.length < MIN_MODULUS_BYTES || !e) return undefined;
  const rsa = { kty: "RSA" as const, n: toBase64url(n), e: toBase64url(e) };
  const publicKey = createPublicKey({ key: rsa, format: "jwk" });

  return {
    jwk: { kty: "RSA", use: "sig", alg: "RS256", kid: thumbprint(rsa), n: rsa.n, e: rsa.e },
    async sign(data, context) {
      const run = (abortSignal: AbortSignal) => cryptography.signData("RS256", data, { abortSignal });
      const { result } = await retry({ name: "vault sign", run, tries: 1 }, context);
      if (verify("RSA-SHA256", data, publicKey, result)) return result;
      const reason = "signature does not verify with the published key";
      context.alarm("signature_mismatch", reason);
      throw new WrongSignature("signature_mismatch");
    },
  };
}

/** RFC 7638 §3: a digest of the required members, in this order. */
function thumbprint({ e, kty, n }: Pick<PublicJwk, "e" | "kty" | "n">): string {
  return createHash("sha256").update(JSON.stringify({ e, kty, n })).digest("base64url");
}

function toBase64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64url");
}
