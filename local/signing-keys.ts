import { KeyClient, type KeyVaultKey, type UpdateKeyPropertiesOptions } from "@azure/keyvault-keys";
import { calculateJwkThumbprint } from "jose";
import type { Certificate } from "./azure/certificate.ts";
import type { Identity } from "./azure/identity.ts";
import { SIGNING_KEY_NAME } from "./stack.ts";

const RESOURCE = "https://vault.azure.net";
const TOKEN_MS = 3_600_000;

/** Creates the SDK's client for the keys of a local vault. */
export function signingKeyClient(
  vaultUrl: string,
  identity: Pick<Identity, "token">,
  { cert }: Certificate,
): KeyClient {
  const credential = {
    getToken: async () => ({ token: identity.token(RESOURCE), expiresOnTimestamp: Date.now() + TOKEN_MS }),
  };
  return new KeyClient(vaultUrl, credential, { disableChallengeResourceVerification: true, tlsOptions: { ca: cert } });
}

/** Creates a new version of the signing key. Returns its kid. */
export async function rotateSigningKey(keys: KeyClient): Promise<string> {
  return kidOf(await keys.rotateKey(SIGNING_KEY_NAME));
}

/** Returns the kid of the newest enabled version of the signing key. */
export async function newestSigningKid(keys: KeyClient): Promise<string | undefined> {
  let newest: { version: string; createdAt: number } | undefined;
  for await (const { version = "", enabled, createdOn } of keys.listPropertiesOfKeyVersions(SIGNING_KEY_NAME)) {
    const createdAt = createdOn?.getTime() ?? 0;
    if (enabled && createdAt >= (newest?.createdAt ?? 0)) newest = { version, createdAt };
  }
  return newest && kidOf(await keys.getKey(SIGNING_KEY_NAME, newest));
}

/** Changes the version of the signing key with this kid. Returns `false` when the vault has no enabled version with it. */
export async function updateSigningKey(
  keys: KeyClient,
  kid: string,
  changes: Pick<UpdateKeyPropertiesOptions, "enabled" | "notBefore" | "expiresOn">,
): Promise<boolean> {
  for await (const { version = "", enabled } of keys.listPropertiesOfKeyVersions(SIGNING_KEY_NAME)) {
    if (!enabled || (await kidOf(await keys.getKey(SIGNING_KEY_NAME, { version }))) !== kid) continue;
    await keys.updateKeyProperties(SIGNING_KEY_NAME, version, changes);
    return true;
  }
  return false;
}

/** Returns the RFC 7638 thumbprint, the kid of the key in the JWKS. */
async function kidOf({ key }: KeyVaultKey): Promise<string> {
  const [n = "", e = ""] = [key?.n, key?.e].map((part) => Buffer.from(part ?? []).toString("base64url"));
  return calculateJwkThumbprint({ kty: "RSA", n, e });
}
