import { createAdminAuthenticator } from "./admin/admin-auth.ts";
import type { AzurePorts } from "./azure/ports.ts";
import { createClientStore } from "./clients/client-store.ts";
import { createSecretStore } from "./clients/secret-store.ts";
import { createSweeper } from "./clients/sweep.ts";
import { createSweepStateStore } from "./clients/sweep-state.ts";
import { createUsageRecorder } from "./clients/usage.ts";
import { createUsageStore } from "./clients/usage-store.ts";
import type { Config } from "./config.ts";
import { createHealth } from "./health.ts";
import type { Clock } from "./request/clock.ts";
import { createRetryPolicy } from "./request/retry.ts";
import { MAX_TOKEN_LIFETIME_SECONDS } from "./request/time-limits.ts";
import type { Services } from "./services.ts";
import { keyTimes } from "./signing/key-ring.ts";
import { createSigner } from "./signing/signer.ts";
import { createSignedTokens } from "./tokens/signed-tokens.ts";
import { createTokenIssuer } from "./tokens/token-issuer.ts";

/** Composes the services of a process from its settings and its ports to Azure. Product and tests share this one composition. */
export function compose(config: Config, ports: AzurePorts, clock: Clock): Services {
  const retry = createRetryPolicy(clock);
  const usages = createUsageStore(ports.usageTable, retry);
  const clients = createClientStore(ports.table, usages, retry);
  const secrets = createSecretStore(ports.secretVault, retry, clock, config.secretHashExpiryDays);
  const signer = createSigner({
    vaults: ports.signingVaults,
    keyName: config.signingKeyName,
    times: keyTimes(config.keyPublishLeadSeconds, MAX_TOKEN_LIFETIME_SECONDS),
    retry,
    clock,
  });
  const usage = createUsageRecorder(usages, clock);
  return {
    config,
    admins: createAdminAuthenticator(config.admin, clock),
    clients,
    secrets,
    signer,
    tokens: createTokenIssuer({
      clients,
      secrets,
      signedTokens: createSignedTokens(config, signer, clock),
      usage,
      clock,
    }),
    usage,
    health: createHealth({ clients, secrets, signer, clock }),
    sweeper: createSweeper({
      clients,
      secrets,
      readPage: ports.readSecretPage,
      state: createSweepStateStore(ports.table, retry),
      retry,
      clock,
    }),
    clock,
  };
}
