import { type FunctionsHost, startFunctionsHost } from "./functions-host.ts";
import type { GatewayBackends } from "./gateway-backends.ts";
import { readHostJson } from "./host-json.ts";

// Runs one instance of the service in a process of its own, which service.ts starts: `node service-process.ts <arguments in JSON>`.

/** The arguments of the process. */
export interface ServiceArguments {
  readonly bundle: string;
  readonly hostJson: string;
  readonly port: number;
  readonly backends?: GatewayBackends | undefined;
  readonly activityTimeoutMs?: number | undefined;
}

/** The only message of the process to its parent. */
export type ServiceMessage = Omit<FunctionsHost, "close"> | { readonly failed: string };

const { bundle, hostJson, port, backends, activityTimeoutMs }: ServiceArguments = JSON.parse(process.argv[2] ?? "");

let host: FunctionsHost | undefined;
let stopping = false;

process.on("message", stop); // the only message of the parent
process.on("disconnect", stop); // the parent has ended
process.on("SIGTERM", stop);
process.on("SIGINT", () => {}); // Ctrl-C reaches the whole process group; the parent stops this process

try {
  host = await startFunctionsHost({
    bundle,
    hostJson: readHostJson(hostJson),
    settings: process.env,
    port,
    backends,
    activityTimeoutMs,
    log: (level, line) => (/^(warning|error|critical)$/.test(level) ? console.error(line) : console.log(line)),
  });
  const { url, hostUrl, hostKey } = host;
  send({ url, hostUrl, hostKey });
} catch (error) {
  send({ failed: reasonOf(error) });
  process.exitCode = 1;
  process.disconnect();
}

function send(message: ServiceMessage): void {
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
  if (code === "MODULE_NOT_FOUND" || code === "ENOENT")
    return `${message.split("\n", 1)[0]}: run "npm run build" first.`;
  return message;
}
