import { createPublicKey, hash, verify } from "node:crypto";
import { base64url } from "jose";
import type { RequestContext } from "../request/context.ts";
import { type RetryPolicy, Unavailable } from "../request/retry.ts";

/** A version of a key as Key Vault lists it. */
export interface ListedVersion {
  readonly version?: string;
  readonly createdOn?: Date;
  readonly updatedOn?: Date;
  readonly enabled?: boolean;
  readonly notBefore?: Date;
  readonly expiresOn?: Date;
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

const MIN_MODULUS_BYTES = 256;

/** Makes the signing key of a version; `undefined` for a key that cannot sign tokens. */
export function toSigningKey(
  { keyType, key }: VaultKey,
  cryptography: RemoteSigner,
  retry: RetryPolicy,
): SigningKey | undefined {
  const { n, e } = key ?? {};
  if (!keyType?.startsWith("RSA") || !n || n.length < MIN_MODULUS_BYTES || !e) return undefined;
  const rsa = { kty: "RSA" as const, n: base64url.encode(n), e: base64url.encode(e) };
  const kid = thumbprint(rsa);
  const publicKey = createPublicKey({ key: rsa, format: "jwk" });

  return {
    jwk: { kty: "RSA", use: "sig", alg: "RS256", kid, n: rsa.n, e: rsa.e },
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

/** RFC 7638 §3: a digest of the required members in this order; synchronous, so that a list with its keys becomes valid in one step. */
function thumbprint({ e, kty, n }: { e: string; kty: "RSA"; n: string }): string {
  return hash("sha256", JSON.stringify({ e, kty, n }), "base64url");
}
