import { createHash, generateKeyPairSync, type KeyObject, type KeyPairKeyObjectResult, sign } from "node:crypto";
import type { KeyClient, KeyProperties, KeyVaultKey } from "@azure/keyvault-keys";
import type { RemoteSigner } from "../../shared/signing/signing-key.ts";
import { vaultError } from "./azure-error.ts";
import { createHooks, type Hooks, operate } from "./hooks.ts";
import { pagedList } from "./paged.ts";

/** The `nbf` and `exp` of a version. */
export type Validity = Pick<KeyProperties, "notBefore" | "expiresOn">;

/** A vault with a signing key, as the SDK's clients show it. */
export interface SdkSigningVault {
  readonly url: string;
  readonly keys: Pick<KeyClient, "getKey" | "listPropertiesOfKeyVersions">;
  cryptography(key: Pick<KeyVaultKey, "id">): RemoteSigner;
}

/** Such a vault in memory. It starts with one version of the key. */
export interface FakeSigningVault extends SdkSigningVault, Hooks {
  /** The versions of the key, oldest first; a test may disable one (`enabled`) or date it (`createdOn`). */
  readonly versions: KeyProperties[];
  /** Makes a new version of the key and returns its properties. */
  rotate(validity?: Validity): KeyProperties;
  /** Sets `nbf` or `exp` of a version, by default of the newest. */
  update(validity: Validity, version?: KeyProperties): void;
  /** Signs with the newest version of the key whatever version it is told, as a careless client of Key Vault does. */
  signsWithNewest: boolean;
}

/** The name of the signing key in every fake vault. */
export const SIGNING_KEY_NAME = "token-signing";
/** What Key Vault lists at once. */
const PAGE_SIZE = 25;

/** RSA keys are slow to make, so that the same vault gets the same ones in every test of a file. */
const keyPairs = new Map<string, KeyPairKeyObjectResult>();

/** Makes a vault whose key is as old as the clock says. */
export function createFakeSigningVault(now: () => Date, url = "https://signing.example"): FakeSigningVault {
  const versions: KeyProperties[] = [];

  const wholeSeconds = (time: Date) => new Date(Math.floor(time.getTime() / 1000) * 1000);
  const rotate = (validity: Validity = {}) => {
    const version = createHash("sha256").update(`${url}/${versions.length}`).digest("hex").slice(0, 32);
    const createdOn = wholeSeconds(now());
    const id = `${url}/keys/${SIGNING_KEY_NAME}/${version}`;
    const properties = {
      id,
      name: SIGNING_KEY_NAME,
      vaultUrl: url,
      version,
      createdOn,
      updatedOn: createdOn,
      enabled: true,
    };
    versions.push({ ...properties, ...validity });
    return versions.at(-1) ?? properties;
  };
  const update = (validity: Validity, version = versions.at(-1)) => {
    Object.assign(version ?? {}, { ...validity, updatedOn: wholeSeconds(now()) });
  };
  const present = (name: string, version: string | undefined) => {
    const properties = version ? versions.find((candidate) => candidate.version === version) : versions.at(-1);
    if (!properties || name !== SIGNING_KEY_NAME) throw vaultError(404, "KeyNotFound");
    if (!properties.enabled) throw vaultError(403, "Forbidden", "KeyDisabled");
    return properties;
  };
  /** Key Vault decides by its own clock. */
  const signing = (name: string, version: string | undefined) => {
    const properties = present(name, version);
    if (properties.notBefore && now() < properties.notBefore) throw vaultError(403, "Forbidden", "KeyNotYetValid");
    if (properties.expiresOn && now() >= properties.expiresOn) throw vaultError(403, "Forbidden", "KeyExpired");
    return properties;
  };
  const keyOf = (properties: KeyProperties) => keyPair(`${url}/${versions.indexOf(properties)}`);

  const clients: SdkSigningVault = {
    url,
    keys: {
      async getKey(name, { version, abortSignal } = {}) {
        return operate(vault, { name: "getKey", target: version ?? "" }, abortSignal, () => {
          const properties = present(name, version);
          const { n, e } = publicParts(keyOf(properties).publicKey);
          const id = properties.id ?? "";
          return { id, name, keyType: "RSA", key: { kid: id, kty: "RSA", n, e }, properties: { ...properties } };
        });
      },

      listPropertiesOfKeyVersions(_name, { abortSignal } = {}) {
        const read = () =>
          operate(vault, { name: "listPropertiesOfKeyVersions", target: "" }, abortSignal, () =>
            versions.map((properties) => ({ ...properties })).sort(inNoOrder),
          );
        return pagedList(read, ({ version = "" }) => version, PAGE_SIZE);
      },
    },
    cryptography: ({ id = "" }) => ({
      async signData(_algorithm, data, { abortSignal } = {}) {
        const [name = "", version = ""] = id.split("/").slice(-2);
        return operate(vault, { name: "signData", target: version }, abortSignal, () => {
          const properties = signing(name, vault.signsWithNewest ? undefined : version);
          return { result: sign("RSA-SHA256", data, keyOf(properties).privateKey) };
        });
      },
    }),
  };
  const vault: FakeSigningVault = Object.assign(createHooks(), clients, {
    versions,
    rotate,
    update,
    signsWithNewest: false,
  });
  rotate();
  return vault;
}

function keyPair(name: string): KeyPairKeyObjectResult {
  const pair = keyPairs.get(name) ?? generateKeyPairSync("rsa", { modulusLength: 2048 });
  keyPairs.set(name, pair);
  return pair;
}

function publicParts(key: KeyObject): { n: Uint8Array; e: Uint8Array } {
  const { n = "", e = "" } = key.export({ format: "jwk" });
  return { n: Buffer.from(n, "base64url"), e: Buffer.from(e, "base64url") };
}

/** Key Vault promises no order; versions are digests, so that theirs says nothing of their age. */
function inNoOrder(a: KeyProperties, b: KeyProperties): number {
  return (a.version ?? "") < (b.version ?? "") ? -1 : 1;
}
