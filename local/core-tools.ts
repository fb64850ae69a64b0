import { writeFile } from "node:fs/promises";
import { z } from "zod";
import { readIfPresent } from "./server/read-or-create-file.ts";
import type { Stack } from "./stack.ts";

const PATH = "local.settings.json";

const localSettingsSchema = z.looseObject({
  Values: z.record(z.string(), z.string()).default({}),
  Host: z.looseObject({}).default({}),
});

/**
 * Writes `local.settings.json`, with which Azure Functions Core Tools run the service on the stack; keeps what else is in it.
 * `storage` is the connection string of a blob service, which the host needs for the locks of its timers.
 */
export async function writeLocalSettings(
  { settings, port }: Pick<Stack, "settings" | "port">,
  storage: string,
): Promise<void> {
  const kept = localSettingsSchema.parse(JSON.parse((await readIfPresent(PATH)) ?? "{}"));
  const written = {
    ...kept,
    IsEncrypted: false,
    Values: { ...kept.Values, FUNCTIONS_WORKER_RUNTIME: "node", AzureWebJobsStorage: storage, ...settings },
    Host: { ...kept.Host, LocalHttpPort: port },
  };
  await writeFile(PATH, `${JSON.stringify(written, null, 2)}\n`, { mode: 0o600 });
}
