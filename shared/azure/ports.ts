import { TableClient } from "@azure/data-tables";
import { ManagedIdentityCredential } from "@azure/identity";
import { KeyClient } from "@azure/keyvault-keys";
import { SecretClient } from "@azure/keyvault-secrets";
import { CLIENT_TABLE } from "../clients/client-store.ts";
import type { ClientTable } from "../clients/client-table.ts";
import type { ReadSecretPage } from "../clients/secret-pages.ts";
import type { SecretVault } from "../clients/secret-store.ts";
import { USAGE_TABLE } from "../clients/usage-store.ts";
import { isLoopback } from "../model/loopback.ts";
import type { Clock } from "../request/clock.ts";
import type { SigningVault } from "../signing/signing-key.ts";
import { azureHttpClient, stripTablePipeline, vaultHttp } from "./azure-http.ts";
import { boundedCredential } from "./credential.ts";
import { directSigner, withDirectReads } from "./direct-calls.ts";
import { createSecretPageReader } from "./secret-pages.ts";

// The adapters to Azure: the ports of clients/ and signing/, implemented with the SDKs. Only this room imports an Azure SDK, so that every
// other room is tested without one. Deadlines and retries are those of request/: the retries, proxies and logs of the SDKs are left out, for
// one behaviour in an outage and for CPU time (docs/speed.md).

/** The addresses of the Azure resources, and the identity that authenticates to them. */
export interface AzureSettings {
  readonly tablesUrl: string;
  readonly secretsVaultUrl: string;
  readonly signingVaultUrls: readonly string[];
  /** The client id of the user-assigned identity; `undefined` for the system-assigned identity. */
  readonly azureClientId: string | undefined;
}

/** The ports to Azure. */
export interface AzurePorts {
  readonly table: ClientTable;
  readonly usageTable: ClientTable;
  readonly secretVault: SecretVault;
  readonly readSecretPage: ReadSecretPage;
  readonly signingVaults: readonly SigningVault[];
}

/** Creates the SDK clients of a process, once: each new one costs an authentication challenge. */
export function azurePorts(settings: AzureSettings, clock: Clock): AzurePorts {
  const { tablesUrl, secretsVaultUrl, signingVaultUrls, azureClientId } = settings;
  // The retry policy is that of request/retry.ts: the credential's own waits for a Retry-After of any length.
  const identity = { ...(azureClientId && { clientId: azureClientId }), retryOptions: { maxRetries: 0 } };
  const credential = boundedCredential(new ManagedIdentityCredential(identity), clock);
  const vaultOptions = (url: string) => ({
    ...vaultHttp(),
    disableChallengeResourceVerification: isLoopback(url),
  });

  const tableOf = (name: string) => {
    const client = new TableClient(tablesUrl, name, credential, { httpClient: azureHttpClient });
    stripTablePipeline(client.pipeline);
    return withDirectReads(client);
  };
  const secretsOptions = vaultOptions(secretsVaultUrl);
  return {
    table: tableOf(CLIENT_TABLE),
    usageTable: tableOf(USAGE_TABLE),
    secretVault: new SecretClient(secretsVaultUrl, credential, secretsOptions),
    readSecretPage: createSecretPageReader(secretsOptions.pipeline, secretsVaultUrl),
    signingVaults: signingVaultUrls.map((url) => {
      const options = vaultOptions(url);
      const keys = new KeyClient(url, credential, options);
      return { url, keys, cryptography: ({ id = "" }) => directSigner(options.pipeline, id) };
    }),
  };
}
