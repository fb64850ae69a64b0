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
 * Writes the settings of a stack into `local.settings.json`, which Azure Functions Core Tools read. Other settings in the file stay.
 * `storage` is the connection string of a blob service: the host stores the locks of its timers there.
 */
export async function writeLocalSettings(
  { settings, port }: Pick<Stack, "settings" | "port">,
  storage: string,
): Promise<void> {
  const existing = localSettingsSchema.parse(JSON.parse((await readIfPresent(PATH)) ?? "{}"));
  const written = {
    ...existing,
    IsEncrypted: false,
    Values: { ...existing.Values, FUNCTIONS_WORKER_RUNTIME: "node", AzureWebJobsStorage: storage, ...settings },
    Host: { ...existing.Host, LocalHttpPort: port },
  };
  await writeFile(PATH, `${JSON.stringify(written, null, 2)}\n`, { mode: 0o600 });
}
