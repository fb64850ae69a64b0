import { createAdminAuthenticator } from "./admin/admin-auth.ts";
import type { AzurePorts } from "./azure/ports.ts";
import { createClientStore } from "./clients/client-store.ts";
import { createSecretStore } from "./clients/secret-store.ts";
import { createSweeper } from "./clients/sweep.ts";
import { createSweepPosition } from "./clients/sweep-position.ts";
import { createUsageRecorder } from "./clients/usage.ts";
import { type Config, MAX_TOKEN_LIFETIME_SECONDS } from "./config.ts";
import { createHealth } from "./health.ts";
import { createAttempt } from "./request/retry.ts";
import type { Services } from "./services.ts";
import { keyTimes } from "./signing/key-ring.ts";
import { createSigner } from "./signing/signer.ts";
import { ClientHints } from "./tokens/client-hints.ts";
import { createTokenMint } from "./tokens/token-mint.ts";

/** Composes the services of one process from its settings and its ports to Azure; the product and the tests do it alike. */
export function compose(config: Config, ports: AzurePorts, now: () => Date): Services {
  const attempt = createAttempt();
  const clients = createClientStore(ports.table, attempt);
  const secrets = createSecretStore(ports.secretVault, attempt, now);
  const signer = createSigner({
    vaults: ports.signingVaults,
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
    sweeper: createSweeper({
      clients,
      secrets,
      readPage: ports.readSecretPage,
      position: createSweepPosition(ports.table, attempt),
      attempt,
      now,
    }),
    now,
  };
}
