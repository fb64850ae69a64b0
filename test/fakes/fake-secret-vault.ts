import { randomBytes } from "node:crypto";
import type { KeyVaultSecret, SecretClient, SecretProperties } from "@azure/keyvault-secrets";
import type { ListedSecret, ReadSecretPage } from "../../shared/clients/secret-pages.ts";
import { vaultError } from "./azure-error.ts";
import { createHooks, type Hooks, operate } from "./hooks.ts";
import { type Page, pagedList } from "./paged.ts";

type SecretMethods = Pick<
  SecretClient,
  "setSecret" | "getSecret" | "updateSecretProperties" | "listPropertiesOfSecrets"
>;

/** A secrets vault in memory with the interface of the SDK client. */
export interface FakeSecretVault extends SecretMethods, Hooks {
  /** The versions of each secret by its name in lower case, oldest first. A test may change them. */
  readonly secrets: Map<string, KeyVaultSecret[]>;
  readonly readPage: ReadSecretPage;
}

/** Page size of Key Vault's lists. */
const PAGE_SIZE = 25;

/** Makes an empty vault. */
export function createFakeSecretVault(now: () => Date): FakeSecretVault {
  const secrets: FakeSecretVault["secrets"] = new Map();
  const vaultUrl = "https://secrets.example";

  const versionsOf = (name: string) => secrets.get(name.toLowerCase()) ?? [];
  const present = (name: string, version?: string) => {
    const versions = versionsOf(name);
    const secret = version ? versions.find(({ properties }) => properties.version === version) : versions.at(-1);
    if (!secret) throw vaultError(404, "SecretNotFound");
    return secret;
  };

  const methods: SecretMethods = {
    async setSecret(name, value, options = {}) {
      return operate(vault, { name: "setSecret", target: name }, options.abortSignal, () => {
        const version = randomBytes(16).toString("hex");
        const id = `${vaultUrl}/secrets/${name}/${version}`;
        const time = wholeSeconds(now());
        const { tags = {}, expiresOn } = options;
        const dates = { createdOn: time, updatedOn: time, ...(expiresOn && { expiresOn: wholeSeconds(expiresOn) }) };
        const properties = { id, name, version, vaultUrl, enabled: true, ...dates, tags };
        const secret = { name, value, properties };
        secrets.set(name.toLowerCase(), [...versionsOf(name), secret]);
        return copyOf(secret);
      });
    },

    async getSecret(name, { version, abortSignal } = {}) {
      return operate(vault, { name: "getSecret", target: name }, abortSignal, () => {
        const secret = present(name, version);
        if (!secret.properties.enabled) throw vaultError(403, "Forbidden", "SecretDisabled");
        return copyOf(secret);
      });
    },

    async updateSecretProperties(name, version, { enabled, expiresOn, abortSignal } = {}) {
      return operate(vault, { name: "updateSecretProperties", target: name }, abortSignal, () => {
        const { properties } = present(name, version);
        Object.assign(properties, {
          updatedOn: wholeSeconds(now()),
          ...(enabled !== undefined && { enabled }),
          ...(expiresOn && { expiresOn: wholeSeconds(expiresOn) }),
        });
        return { ...properties };
      });
    },

    listPropertiesOfSecrets({ abortSignal } = {}) {
      const read = () =>
        operate(vault, { name: "listPropertiesOfSecrets", target: "" }, abortSignal, () =>
          [...secrets.values()]
            .flatMap((versions) => versions.slice(-1))
            .map(listed)
            .sort(byName),
        );
      return pagedList(read, ({ name }) => name, PAGE_SIZE);
    },
  };
  const nextPage = `${vaultUrl}/secrets?$skiptoken=`;
  const readPage: ReadSecretPage = async (position = nextPage, abortSignal) => {
    if (!position.startsWith(nextPage)) throw new RangeError("not a page of the vault");
    const token = position.slice(nextPage.length);
    if (token && !secrets.has(token)) throw vaultError(400, "BadParameter");
    const pages = methods.listPropertiesOfSecrets({ abortSignal }).byPage(token ? { continuationToken: token } : {});
    const { value: page = [] }: { value?: Page<SecretProperties> } = await pages.next();
    return { secrets: page.map(toListed), next: page.continuationToken && nextPage + page.continuationToken };
  };
  const vault: FakeSecretVault = Object.assign(createHooks(), methods, { secrets, readPage });
  return vault;
}

function copyOf(secret: KeyVaultSecret): KeyVaultSecret {
  return { ...secret, properties: { ...secret.properties } };
}

function toListed({ name, tags, enabled = false, createdOn, expiresOn }: SecretProperties): ListedSecret {
  return { name, clientId: tags?.client_id, enabled, createdAt: createdOn, expiresAt: expiresOn };
}

/** A list has the newest version of a secret, without its version. */
function listed({ properties: { version: _, ...properties } }: KeyVaultSecret): SecretProperties {
  return properties;
}

function byName(a: SecretProperties, b: SecretProperties): number {
  return a.name < b.name ? -1 : 1;
}

function wholeSeconds(time: Date): Date {
  return new Date(Math.floor(time.getTime() / 1000) * 1000);
}
