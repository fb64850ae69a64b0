import { readFileSync } from "node:fs";
import { join } from "node:path";
import { startFunctionsHost } from "./functions-host.ts";

// Runs one instance of the service in a process of its own: `node service-process.ts <bundle> <port>`; see service.ts for its parent.

/** What the process tells its parent, once. */
export type ServiceMessage = { readonly url: string } | { readonly failed: string };

const [bundle = "", port = "0"] = process.argv.slice(2);
const tell = (message: ServiceMessage) => process.send?.(message);

try {
  const hostJson = JSON.parse(readFileSync(join(import.meta.dirname, "../host.json"), "utf8"));
  const host = await startFunctionsHost({
    bundle,
    hostJson,
    settings: process.env,
    port: Number(port),
    log: (level, line) => (/^(warning|error|critical)$/.test(level) ? console.error(line) : console.log(line)),
  });
  let stopping = false;
  const stop = async () => {
    if (stopping) return;
    stopping = true;
    await host.close();
    process.exit(0);
  };
  process.on("message", stop); // the parent has nothing else to say
  process.on("SIGTERM", stop);
  process.on("disconnect", stop); // the parent is gone
  process.on("SIGINT", () => undefined); // Ctrl-C reaches the whole group; the parent decides
  tell({ url: host.url });
} catch (error) {
  tell({ failed: reasonOf(error, Number(port)) });
  process.exitCode = 1;
  process.disconnect?.();
}

function reasonOf(error: unknown, taken: number): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "EADDRINUSE") return `Port ${taken} is taken.`;
  if (code === "MODULE_NOT_FOUND") return `${message.split("\n", 1)[0]}. Has the service been built?`;
  return message;
}
