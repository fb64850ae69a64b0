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
import type { Issuer } from "./tokens/issuer.ts";

/** What endpoints may use. */
export interface Services {
  config: Config;
  admins: AdminAuthenticator;
  clients: ClientStore;
  secrets: SecretStore;
  signer: Signer;
  tokens: Issuer;
  usage: UsageRecorder;
  health: Health;
  sweeper: Sweeper;
  clock: Clock;
}

let make: () => Services = () => {
  throw new Error("provideServices() must come first.");
};
let current: Services | undefined;

/** Says how the services of this process are made. A handler knows no composition, so its unit test loads no SDK. */
export function provideServices(compose: () => Services): void {
  make = compose;
  current = undefined;
}

/**
 * The services of this process, made at first use.
 *
 * @throws ConfigError on wrong app settings.
 */
export function services(): Services {
  current ??= make();
  return current;
}

/**
 * Does what the first request would have to wait for: makes the services, and probes what they need, by which every Azure client gets
 * its token, its connection and its keys. Says in the log what is wrong with the settings; requests get 503 then.
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

/** Writes what only this process knows, before it goes. */
export async function stop(): Promise<void> {
  await current?.usage.flush();
}
