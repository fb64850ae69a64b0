import { type ConsoleSettings, consoleSettingsSchema } from "../shared/model/console-settings.ts";
import { readJson, send } from "./api/http.ts";

/** Where the page is served; also where the issuer sends the administrator back to. */
export const PAGE_PATH = "/console/";

/** Fetches the settings of this deployment. Throws an `ApiError`. */
export async function loadSettings(signal: AbortSignal): Promise<ConsoleSettings> {
  return readJson(await send(`${PAGE_PATH}config.json`, { signal }), consoleSettingsSchema);
}
