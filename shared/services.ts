import type { AdminAuthenticator } from "./admin/admin-auth.ts";
import type { ClientStore } from "./clients/client-store.ts";
import type { SecretStore } from "./clients/secret-store.ts";
import type { Sweeper } from "./clients/sweep.ts";
import type { UsageRecorder } from "./clients/usage.ts";
import { type Config, ConfigError } from "./config.ts";
import type { Health } from "./health.ts";
import { type Clock, systemClock } from "./request/clock.ts";
import { logLine } from "./request/log.ts";
import type { Signer } from "./signing/signer.ts";
import type { TokenIssuer } from "./tokens/token-issuer.ts";

/** The services that endpoints may use. */
export interface Services {
  config: Config;
  admins: AdminAuthenticator;
  clients: ClientStore;
  secrets: SecretStore;
  signer: Signer;
  tokens: TokenIssuer;
  usage: UsageRecorder;
  health: Health;
  sweeper: Sweeper;
  clock: Clock;
}

let make: () => Services = () => {
  throw new Error("provideServices() must come first.");
};
let current: Services | undefined;

/** Sets the composition of this process. A handler does not import it, so that its unit test loads no SDK. */
export function provideServices(compose: () => Services): void {
  make = compose;
  current = undefined;
}

/**
 * Returns the services of this process, created at first use.
 *
 * @throws ConfigError on wrong app settings.
 */
export function services(): Services {
  current ??= make();
  return current;
}

/**
 * Warms up the process: creates the services and probes their health, which gives every Azure client its token, connection and keys, so
 * that the first request need not wait for them. Wrong settings are logged, and requests get 503.
 */
export function start(): void {
  try {
    void services().health.report();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const fault of error.faults)
      logLine(console, "error", systemClock.now(), { event: "start", outcome: "failed", reason: fault });
  }
}

/** Writes the uses that only this process has recorded, before it ends. */
export async function stop(): Promise<void> {
  await current?.usage.flush();
}
