import { readFileSync } from "node:fs";
import { z } from "zod";

/** The settings of `host.json` that this host applies. */
export interface HostJson {
  readonly routePrefix: string;
  readonly functionTimeoutMs: number;
}

// The default is 30 minutes (azure-functions-host, ScriptJobHostOptionsSetup.cs; 5 minutes on the old Consumption plan).
const functionTimeoutSchema = z
  .string()
  .regex(/^\d\d:\d\d:\d\d$/)
  .default("00:30:00")
  .transform((text) => {
    const [hours = 0, minutes = 0, seconds = 0] = text.split(":").map(Number);
    return ((hours * 60 + minutes) * 60 + seconds) * 1000;
  });

const hostJsonSchema = z.object({
  functionTimeout: functionTimeoutSchema,
  extensions: z.object({ http: z.object({ routePrefix: z.string() }) }),
});

/**
 * Reads a `host.json`.
 *
 * @throws when `functionTimeout` is not `hh:mm:ss`.
 */
export function readHostJson(path: string): HostJson {
  const { functionTimeout, extensions } = hostJsonSchema.parse(JSON.parse(readFileSync(path, "utf8")));
  return { routePrefix: extensions.http.routePrefix, functionTimeoutMs: functionTimeout };
}
