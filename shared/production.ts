import { azurePorts } from "./azure/ports.ts";
import { compose } from "./compose.ts";
import { readConfig } from "./config.ts";
import { systemClock } from "./request/clock.ts";
import type { Services } from "./services.ts";

/**
 * Creates the services on Azure, from the app settings and with the SDK clients.
 *
 * @throws ConfigError on wrong app settings.
 */
export function productionServices(): Services {
  const config = readConfig(process.env);
  return compose(config, azurePorts(config, systemClock), systemClock);
}
