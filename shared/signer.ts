import { createPublicKey, type KeyObject, verify } from "node:crypto";
import type { CryptographyClient, KeyClient, KeyVaultKey } from "@azure/keyvault-keys";
import { calculateJwkThumbprint } from "jose";
import { type AccessTokenClaims, signingInput } from "./access-token.ts";
import { backgroundCall, type Call } from "./call.ts";
import { type KeyRing, type KeyRules, type KeyVersion, keyRing } from "./key-ring.ts";
import { type Attempt, Unavailable } from "./retry.ts";

/** A vault with a signing key, as much of its SDK clients as the signer needs. */
export interface SigningVault {
  url: string;
  keys: Pick<KeyClient, "getKey" | "listPropertiesOfKeyVersions">;
  /** The client that signs with exactly this version of the key. */
  cryptography(key: KeyVaultKey): Pick<CryptographyClient, "signData">;
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

/** A version of a key that never leaves its vault: what it is known by, and what it can do. */
interface SigningKey extends KeyVersion {
  readonly jwk: PublicJwk;
  readonly publicKey: KeyObject;
  sign(data: Uint8Array, call: Call): Promise<Uint8Array>;
}

/** Signs access tokens in Key Vault and publishes the keys. Both throw {@link Unavailable} while no vault can serve. */
export interface Signer {
  /** Signs a token and verifies it against the published key before it is returned. */
  accessToken(claims: AccessTokenClaims, call: Call): Promise<string>;
  /** The key set that verifies every live token (RFC 7517 §5). */
  jwks(): Promise<{ keys: PublicJwk[] }>;
  /** Signs something that is no token, to see whether tokens could be signed. */
  probe(call: Call): Promise<void>;
}

export interface SignerOptions {
  vaults: readonly SigningVault[];
  keyName: string;
  rules: KeyRules;
  attempt: Attempt;
  now: () => Date;
}

const REFRESH_MS = 5 * 60_000;
const REFRESH_AFTER_FAILURE_MS = 10_000;
/** An instance that slept through its refreshes waits for the next one rather than sign with what it remembers. */
const STALE_MS = 2 * REFRESH_MS;
/** A vault whose list cannot be read is used as it was last seen for this long. */
const KEEP_LIST_MS = 24 * 3_600_000;
const LIST_TIMEOUT_MS = 10_000;

/** Makes the signer over one vault or several, each with a key of its own. */
export function createSigner({ vaults, keyName, rules, attempt, now }: SignerOptions): Signer {
  const lists = vaults.map((vault) => new KeyList(vault, keyName, rules.leadMs, attempt, now));
  let turn = 0;

  const currentRing = async (): Promise<KeyRing<SigningKey>> => {
    const keys = (await Promise.all(lists.map((list) => list.keys()))).flat();
    return keyRing(keys, now().getTime(), rules);
  };

  /** Tries the vaults in turn, a different one first each time, until one of them signs. */
  const withKey = async <T>(use: (key: SigningKey) => Promise<T>): Promise<T> => {
    const { signing } = await currentRing();
    const first = turn++ % Math.max(signing.length, 1);
    let fault = new Unavailable("no active signing key");
    for (const key of [...signing.slice(first), ...signing.slice(0, first)]) {
      try {
        return await use(key);
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        fault = error;
      }
    }
    throw fault;
  };

  return {
    accessToken: (claims, call) =>
      withKey(async (key) => {
        const input = signingInput(key.jwk.kid, claims);
        const signature = await verifiedSignature(key, Buffer.from(input), call);
        return `${input}.${toBase64url(signature)}`;
      }),

    async jwks() {
      const { published } = await currentRing();
      if (published.length === 0) throw new Unavailable("no published signing key");
      return { keys: published.map((key) => key.jwk) };
    },

    async probe(call) {
      await withKey((key) => verifiedSignature(key, Buffer.from("health"), call));
    },
  };
}

/** A vault that signed with another version than it was told to would make tokens that nobody can verify. */
async function verifiedSignature(key: SigningKey, data: Uint8Array, call: Call): Promise<Uint8Array> {
  const signature = await key.sign(data, call);
  if (verify("RSA-SHA256", data, key.publicKey, signature)) return signature;
  const reason = "signature does not verify with the published key";
  call.alarm("signature_mismatch", reason);
  throw new Unavailable(reason);
}

/** The versions of the key in one vault, listed again from time to time and kept through an outage. */
class KeyList {
  readonly #vault: SigningVault;
  readonly #keyName: string;
  readonly #refreshMs: number;
  readonly #attempt: Attempt;
  readonly #now: () => Date;
  #keys: SigningKey[] = [];
  #listedAt = Number.NEGATIVE_INFINITY;
  #refreshAt = Number.NEGATIVE_INFINITY;
  #refreshing: Promise<void> | undefined;

  constructor(vault: SigningVault, keyName: string, leadMs: number, attempt: Attempt, now: () => Date) {
    this.#vault = vault;
    this.#keyName = keyName;
    this.#refreshMs = Math.min(REFRESH_MS, leadMs / 3);
    this.#attempt = attempt;
    this.#now = now;
  }

  /** The versions as listed last; waits for the list only where there is none that can be used. */
  async keys(): Promise<SigningKey[]> {
    const time = this.#now().getTime();
    if (time >= this.#refreshAt) {
      this.#refreshing ??= this.#refresh().finally(() => {
        this.#refreshing = undefined;
      });
    }
    if (this.#refreshing && time - this.#listedAt > STALE_MS) await this.#refreshing;
    return this.#now().getTime() - this.#listedAt > KEEP_LIST_MS ? [] : this.#keys;
  }

  async #refresh(): Promise<void> {
    const call = backgroundCall(LIST_TIMEOUT_MS);
    try {
      this.#keys = await this.#list(call);
      this.#listedAt = this.#now().getTime();
      this.#refreshAt = this.#listedAt + this.#refreshMs * (0.9 + 0.2 * Math.random());
    } catch (error) {
      this.#refreshAt = this.#now().getTime() + Math.min(this.#refreshMs, REFRESH_AFTER_FAILURE_MS);
      call.alarm("keys_not_listed", error instanceof Unavailable ? error.reason : "unexpected error");
    }
  }

  async #list(call: Call): Promise<SigningKey[]> {
    const run = async (abortSignal: AbortSignal) =>
      Array.fromAsync(this.#vault.keys.listPropertiesOfKeyVersions(this.#keyName, { abortSignal }));
    const versions = await this.#attempt({ name: "vault list keys", run }, call);
    const enabled = versions.filter((properties) => properties.enabled !== false);
    return Promise.all(enabled.map(({ version = "" }) => this.#known(version) ?? this.#load(version, call)));
  }

  #known(version: string): SigningKey | undefined {
    return this.#keys.find((key) => key.version === version);
  }

  async #load(version: string, call: Call): Promise<SigningKey> {
    const run = (abortSignal: AbortSignal) => this.#vault.keys.getKey(this.#keyName, { version, abortSignal });
    const key = await this.#attempt({ name: "vault get key", run }, call);
    const { n, e } = key.key ?? {};
    if (key.keyType !== "RSA" && key.keyType !== "RSA-HSM") throw new Unavailable("signing key is not an RSA key");
    if (!n || !e) throw new Unavailable("signing key has no public part");
    const rsa = { kty: "RSA" as const, n: toBase64url(n), e: toBase64url(e) };
    const cryptography = this.#vault.cryptography(key);
    return {
      vault: this.#vault.url,
      version,
      createdAt: key.properties.createdOn?.getTime() ?? 0,
      enabled: true,
      jwk: { kty: "RSA", use: "sig", alg: "RS256", kid: await calculateJwkThumbprint(rsa), n: rsa.n, e: rsa.e },
      publicKey: createPublicKey({ key: rsa, format: "jwk" }),
      sign: async (data, signCall) => {
        const sign = (abortSignal: AbortSignal) => cryptography.signData("RS256", data, { abortSignal });
        return (await this.#attempt({ name: "vault sign", run: sign }, signCall)).result;
      },
    };
  }
}

function toBase64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64url");
}
