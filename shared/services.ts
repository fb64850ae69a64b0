import { TableClient } from "@azure/data-tables";
import { ManagedIdentityCredential } from "@azure/identity";
import { KeyClient } from "@azure/keyvault-keys";
import { SecretClient } from "@azure/keyvault-secrets";
import { type AdminAuthenticator, createAdminAuthenticator } from "./admin/admin-auth.ts";
import { azureHttpClient, stripTablePipeline, vaultHttp } from "./azure/azure-http.ts";
import { boundedCredential } from "./azure/credential.ts";
import { directSigner, withDirectReads } from "./azure/direct-calls.ts";
import { CLIENT_TABLE, type ClientStore, createClientStore } from "./clients/client-store.ts";
import { createSecretPageReader, nextLinkPolicy } from "./clients/secret-pages.ts";
import { createSecretStore, type SecretStore } from "./clients/secret-store.ts";
import { createSweeper, type Sweeper } from "./clients/sweep.ts";
import { createSweepPosition } from "./clients/sweep-position.ts";
import { createUsageRecorder, type UsageRecorder } from "./clients/usage.ts";
import { type Config, ConfigError, isLoopback, MAX_TOKEN_LIFETIME_SECONDS, readConfig } from "./config.ts";
import { createHealth, type Health } from "./health.ts";
import { logLine } from "./request/log.ts";
import { createAttempt } from "./request/retry.ts";
import { keyTimes } from "./signing/key-ring.ts";
import { createSigner, type Signer } from "./signing/signer.ts";
import type { SigningVault } from "./signing/signing-key.ts";
import { ClientHints } from "./tokens/client-hints.ts";
import { createTokenMint, type TokenMint } from "./tokens/token-mint.ts";

/** What endpoints may use. */
export interface Services {
  config: Config;
  admins: AdminAuthenticator;
  clients: ClientStore;
  secrets: SecretStore;
  signer: Signer;
  hints: ClientHints;
  tokens: TokenMint;
  usage: UsageRecorder;
  health: Health;
  sweeper: Sweeper;
  now: () => Date;
}

let current: Services | undefined;

/**
 * The services of this process, made at first use: each Azure client once, since a new one costs connections and a challenge.
 *
 * @throws ConfigError on wrong app settings.
 */
export function services(): Services {
  current ??= createServices(readConfig(process.env));
  return current;
}

/**
 * Does what the first request would have to wait for: makes the services, and probes what they need, by which every Azure client gets
 * its token, its connection and its keys. Says in the log what is wrong with the settings; requests get 503 then.
 */
export function start(): void {
  try {
    void services().health.report();
    // Node loads `fetch` and its classes when they are first used, and the Functions library uses them: half the time of loading us.
    void new Request("http://127.0.0.1");
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const fault of error.faults) logLine(console, "error", { event: "start", outcome: "failed", reason: fault });
  }
}

/** Writes what only this process knows, before it goes. */
export async function stop(): Promise<void> {
  await current?.usage.flush();
}

/** Composes the services from the settings: Azure clients with the identity of the app, and what is built on them. */
function createServices(config: Config): Services {
  const now = () => new Date();
  const attempt = createAttempt();
  // Retrying is ours (retry.ts): the credential's own waits as long as any Retry-After says.
  const identity = { ...(config.azureClientId && { clientId: config.azureClientId }), retryOptions: { maxRetries: 0 } };
  const credential = boundedCredential(new ManagedIdentityCredential(identity));
  const vaultOptions = (url: string) => ({
    ...vaultHttp(),
    additionalPolicies: [nextLinkPolicy],
    disableChallengeResourceVerification: isLoopback(url),
  });

  const signingVaults = config.signingVaultUrls.map((url): SigningVault => {
    const options = vaultOptions(url);
    return {
      url,
      keys: new KeyClient(url, credential, options),
      cryptography: ({ id = "" }) => directSigner(options.pipeline, id),
    };
  });
  const tableClient = new TableClient(config.tablesUrl, CLIENT_TABLE, credential, { httpClient: azureHttpClient });
  stripTablePipeline(tableClient.pipeline);
  const table = withDirectReads(tableClient);
  const secretVault = new SecretClient(config.secretsVaultUrl, credential, vaultOptions(config.secretsVaultUrl));

  const clients = createClientStore(table, attempt);
  const secrets = createSecretStore(secretVault, attempt, now);
  const sweeper = createSweeper({
    clients,
    secrets,
    readPage: createSecretPageReader(secretVault),
    position: createSweepPosition(table, attempt),
    attempt,
    now,
  });
  const signer = createSigner({
    vaults: signingVaults,
    keyName: config.signingKeyName,
    times: keyTimes(config.keyPublishLeadSeconds, MAX_TOKEN_LIFETIME_SECONDS),
    attempt,
    now,
  });
  return {
    config,
    admins: createAdminAuthenticator(config.admin, now),
    clients,
    secrets,
    signer,
    hints: new ClientHints(),
    tokens: createTokenMint(config, signer, now),
    usage: createUsageRecorder(clients),
    health: createHealth({ clients, secrets, signer, now }),
    sweeper,
    now,
  };
}
