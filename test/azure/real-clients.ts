import { TableClient } from "@azure/data-tables";
import type { TokenCredential } from "@azure/identity";
import { CryptographyClient, KeyClient } from "@azure/keyvault-keys";
import { SecretClient } from "@azure/keyvault-secrets";
import { afterAll } from "vitest";
import { trustCertificate } from "../../local/certificate.ts";
import { startStack } from "../../local/stack.ts";
import { vaultHttp } from "../../shared/azure/azure-http.ts";
import { directSigner, withDirectReads } from "../../shared/azure/direct-calls.ts";
import { CLIENT_TABLE, type ClientTable } from "../../shared/clients/client-store.ts";
import { nextLinkPolicy } from "../../shared/clients/secret-pages.ts";
import type { SigningVault } from "../../shared/signing/signing-key.ts";

/** Clients of Azure's SDKs that talk to the stand-ins for Azure on this machine. */
export interface RealClients {
  readonly table: TableClient;
  /** The same, as the service uses it. */
  readonly directTable: ClientTable;
  readonly secretVault: SecretClient;
  readonly keys: KeyClient;
  readonly signingVault: SigningVault;
  /** The same, as the service uses it. */
  readonly directVault: SigningVault;
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
  const additionalPolicies = [nextLinkPolicy];
  const vaultOptions = { ...options, additionalPolicies, disableChallengeResourceVerification: true };
  const keys = new KeyClient(SIGNING_VAULT_URLS, credential, vaultOptions);
  const table = new TableClient(TABLES_URL, CLIENT_TABLE, credential, options);
  const http = vaultHttp();
  trustCertificate(certificate);
  return {
    table,
    directTable: withDirectReads(table),
    secretVault: new SecretClient(SECRETS_VAULT_URL, credential, vaultOptions),
    keys,
    signingVault: {
      url: SIGNING_VAULT_URLS,
      keys,
      cryptography: (key) => new CryptographyClient(key, credential, vaultOptions),
    },
    directVault: {
      url: SIGNING_VAULT_URLS,
      keys: new KeyClient(SIGNING_VAULT_URLS, credential, { ...vaultOptions, ...http }),
      cryptography: ({ id = "" }) => directSigner(http.pipeline, id),
    },
    signingKeyName: SIGNING_KEY_NAME,
  };
}
