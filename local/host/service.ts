import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { GatewayBackends } from "./gateway-backends.ts";
import type { ServiceArguments, ServiceMessage } from "./service-process.ts";

const ROOT = join(import.meta.dirname, "../..");
/** What `npm run build` makes and Azure runs. */
const APP = join(ROOT, "dist/app");

/** One instance of the service. */
export interface Service {
  /** The gateway, which sets the host's key on every request. */
  readonly url: string;
  /** The Functions host itself, which requires its key. */
  readonly hostUrl: string;
  readonly hostKey: string;
  readonly pid: number;
  /** The output of the process so far; empty with `onLine`. */
  readonly lines: readonly string[];
  /** Resolves at the end of the process with its exit code, or with `null` after a signal. */
  readonly exited: Promise<number | null>;
  /** Stops the process, gracefully or with a signal. Resolves when it has ended. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/**
 * Options of an instance. `port` is by default the stack's own; 0 lets the system choose. `env` is added to the stack's settings; an
 * `undefined` removes one. `onLine` receives the output of the process.
 */
export interface ServiceOptions {
  readonly port?: number;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly bundle?: string;
  /** Path of a `host.json`. */
  readonly hostJson?: string;
  /** Paths of the gateway that others than the service answer. */
  readonly backends?: GatewayBackends;
  /** The activity time-out of the host's forwarder. */
  readonly activityTimeoutMs?: number;
  readonly onLine?: (line: string, stream: "stdout" | "stderr") => void;
}

/**
 * Starts an instance of the service on a stack in a child process. Resolves when it answers requests.
 *
 * @throws an error with one sentence when the process cannot start.
 */
export async function startService(
  stack: { readonly settings: Readonly<Record<string, string>>; readonly port: number },
  options: ServiceOptions = {},
): Promise<Service> {
  const { port = stack.port, env, bundle = join(APP, "functions.cjs") } = options;
  const { hostJson = join(APP, "host.json"), backends, activityTimeoutMs } = options;
  const serviceArguments: ServiceArguments = { bundle, hostJson, port, backends, activityTimeoutMs };
  const lines: string[] = [];
  const onLine = options.onLine ?? ((line) => void lines.push(line));
  const child = spawn(
    process.execPath,
    [
      "--disable-warning=ExperimentalWarning",
      join(import.meta.dirname, "service-process.ts"),
      JSON.stringify(serviceArguments),
    ],
    { cwd: ROOT, env: { ...stack.settings, ...env }, stdio: ["ignore", "pipe", "pipe", "ipc"] },
  );
  for (const stream of ["stdout", "stderr"] as const) {
    const input = child[stream];
    if (input) createInterface({ input }).on("line", (line) => onLine(line, stream));
  }
  const exited = once(child, "close").then(([code]) => code as number | null);

  const message = await Promise.race([
    once(child, "message").then(([received]) => received as ServiceMessage),
    exited.then(
      (code): ServiceMessage => ({
        failed: `The service ended with ${code === null ? "a signal" : `exit code ${code}`}.`,
      }),
    ),
  ]);
  if ("failed" in message) {
    await exited;
    throw new Error(message.failed);
  }
  return {
    ...message,
    pid: child.pid as number,
    lines,
    exited,
    stop: async (signal) => {
      if (child.exitCode === null && child.signalCode === null) {
        // A message, since Windows has no SIGTERM. Not `disconnect()`: after it Node emits no "close".
        if (signal === undefined) child.send("stop");
        else child.kill(signal);
      }
      await exited;
    },
  };
}
