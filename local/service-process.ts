import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { type FunctionsHost, startFunctionsHost } from "./functions-host.ts";

// Runs one instance of the service in a process of its own: `node service-process.ts <bundle> <port>`. Its parent: service.ts.

/** What the process tells its parent, once. */
export type ServiceMessage = { readonly url: string } | { readonly failed: string };

const hostJsonSchema = z.object({ extensions: z.object({ http: z.object({ routePrefix: z.string() }) }) });
const [bundle = "", port = "0"] = process.argv.slice(2);

let host: FunctionsHost | undefined;
let stopping = false;

process.on("message", stop); // the parent has nothing else to say
process.on("disconnect", stop); // the parent is gone
process.on("SIGTERM", stop);
process.on("SIGINT", () => {}); // Ctrl-C reaches the whole group; the parent decides

try {
  const hostJson = hostJsonSchema.parse(JSON.parse(readFileSync(join(import.meta.dirname, "../host.json"), "utf8")));
  host = await startFunctionsHost({
    bundle,
    routePrefix: hostJson.extensions.http.routePrefix,
    settings: process.env,
    port: Number(port),
    log: (level, line) => (/^(warning|error|critical)$/.test(level) ? console.error(line) : console.log(line)),
  });
  tell({ url: host.url });
} catch (error) {
  tell({ failed: reasonOf(error) });
  process.exitCode = 1;
  process.disconnect();
}

function tell(message: ServiceMessage): void {
  process.send?.(message);
}

function stop(): void {
  if (stopping) return;
  stopping = true;
  Promise.resolve(host?.close())
    .catch(console.error)
    .finally(() => process.exit());
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "EADDRINUSE") return `Port ${port} is taken.`;
  if (code === "MODULE_NOT_FOUND") return `${message.split("\n", 1)[0]}: run "npm run build" first.`;
  return message;
}
