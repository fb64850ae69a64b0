import { TableClient } from "@azure/data-tables";
import type { TokenCredential } from "@azure/identity";
import { CryptographyClient, KeyClient } from "@azure/keyvault-keys";
import { SecretClient } from "@azure/keyvault-secrets";
import { afterAll } from "vitest";
import { trustCertificate } from "../../local/azure/certificate.ts";
import { startStack } from "../../local/stack.ts";
import { vaultHttp } from "../../shared/azure/azure-http.ts";
import { directSigner, withDirectReads } from "../../shared/azure/direct-calls.ts";
import { createSecretPageReader } from "../../shared/azure/secret-pages.ts";
import { CLIENT_TABLE } from "../../shared/clients/client-store.ts";
import type { ClientTable } from "../../shared/clients/client-table.ts";
import type { ReadSecretPage } from "../../shared/clients/secret-pages.ts";
import { USAGE_TABLE } from "../../shared/clients/usage-store.ts";
import type { SdkSigningVault } from "../fakes/fake-signing-vault.ts";

/** Clients of Azure's SDKs that talk to the stand-ins for Azure on this machine. */
export interface RealClients {
  readonly table: TableClient;
  /** The same, as the service uses it. */
  readonly directTable: ClientTable;
  /** The table of use, and the same as the service uses it. */
  readonly usageTable: TableClient;
  readonly directUsageTable: ClientTable;
  readonly secretVault: SecretClient;
  readonly readSecretPage: ReadSecretPage;
  readonly keys: KeyClient;
  readonly signingVault: SdkSigningVault;
  /** The same, as the service uses it. */
  readonly directVault: SdkSigningVault;
  readonly signingKeyName: string;
}

/** Starts the stand-ins for a test file, and stops them after its last test; the clock (milliseconds) dates what the vaults make. */
export async function startRealClients(clock?: () => number): Promise<RealClients> {
  const { settings, identity, certificate, close } = await startStack({ clock });
  afterAll(close);
  const { TABLES_URL, SECRETS_VAULT_URL, SIGNING_VAULT_URLS, SIGNING_KEY_NAME } = settings;
  if (!TABLES_URL || !SECRETS_VAULT_URL || !SIGNING_VAULT_URLS || !SIGNING_KEY_NAME) throw new Error("no such setting");

  const credential: TokenCredential = {
    getToken: async (scopes) => {
      const [scope = ""] = [scopes].flat();
      const token = identity.token(scope.replace(/\/\.default$/, ""));
      return { token, expiresOnTimestamp: Date.now() + 3_600_000 };
    },
  };
  const options = { retryOptions: { maxRetries: 0 }, tlsOptions: { ca: certificate.cert } };
  const vaultOptions = { ...options, disableChallengeResourceVerification: true };
  const keys = new KeyClient(SIGNING_VAULT_URLS, credential, vaultOptions);
  const table = new TableClient(TABLES_URL, CLIENT_TABLE, credential, options);
  const usageTable = new TableClient(TABLES_URL, USAGE_TABLE, credential, options);
  const http = vaultHttp();
  const secretsHttp = vaultHttp();
  trustCertificate(certificate);
  // The client puts its authentication into the pipeline that it is given.
  new SecretClient(SECRETS_VAULT_URL, credential, { ...vaultOptions, ...secretsHttp });
  return {
    table,
    directTable: withDirectReads(table),
    usageTable,
    directUsageTable: withDirectReads(usageTable),
    secretVault: new SecretClient(SECRETS_VAULT_URL, credential, vaultOptions),
    readSecretPage: createSecretPageReader(secretsHttp.pipeline, SECRETS_VAULT_URL),
    keys,
    signingVault: {
      url: SIGNING_VAULT_URLS,
      keys,
      cryptography: ({ id = "" }) => new CryptographyClient(id, credential, vaultOptions),
    },
    directVault: {
      url: SIGNING_VAULT_URLS,
      keys: new KeyClient(SIGNING_VAULT_URLS, credential, { ...vaultOptions, ...http }),
      cryptography: ({ id = "" }) => directSigner(http.pipeline, id),
    },
    signingKeyName: SIGNING_KEY_NAME,
  };
}
