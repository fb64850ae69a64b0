import { azurePorts } from "./azure/ports.ts";
import { compose } from "./compose.ts";
import { readConfig } from "./config.ts";
import { systemClock } from "./request/clock.ts";
import type { Services } from "./services.ts";

/**
 * Makes the services as they run on Azure: from the app settings, with the clients of Azure's SDKs.
 *
 * @throws ConfigError on wrong app settings.
 */
export function productionServices(): Services {
  const config = readConfig(process.env);
  return compose(config, azurePorts(config, systemClock), systemClock);
}
