import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { ServiceArguments, ServiceMessage } from "./service-process.ts";

const ROOT = join(import.meta.dirname, "../..");

/** One instance of the service. */
export interface Service {
  /** The gateway, which adds the host's key to every request. */
  readonly url: string;
  /** The Functions host itself, which asks for its key. */
  readonly hostUrl: string;
  readonly hostKey: string;
  readonly pid: number;
  /** Everything the process wrote so far, unless `onLine` took it. */
  readonly lines: readonly string[];
  /** Settles when the process has ended, with its exit code or `null` after a signal. */
  readonly exited: Promise<number | null>;
  /** Ends the process: gently, or with the signal given. Settles when it is gone. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/**
 * How to run an instance: on the stack's own port unless `port` says another (0: any); `env` is added to the stack's settings,
 * and what is `undefined` there left out; `onLine` gets what the process writes.
 */
export interface ServiceOptions {
  readonly port?: number;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly bundle?: string;
  /** Path of a `host.json`. */
  readonly hostJson?: string;
  /** How long the host waits for the app's HTTP server. */
  readonly activityTimeoutMs?: number;
  readonly onLine?: (line: string, stream: "stdout" | "stderr") => void;
}

/**
 * Runs an instance of the service on a stack in a child process, which answers when this settles.
 *
 * @throws an error with one sentence when the process cannot start.
 */
export async function startService(
  stack: { readonly settings: Readonly<Record<string, string>>; readonly port: number },
  options: ServiceOptions = {},
): Promise<Service> {
  const { port = stack.port, env, bundle = join(ROOT, "dist/functions.cjs") } = options;
  const { hostJson = join(ROOT, "host.json"), activityTimeoutMs } = options;
  const serviceArguments: ServiceArguments = { bundle, hostJson, port, activityTimeoutMs };
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
    once(child, "message").then(([told]) => told as ServiceMessage),
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
        // A message works on Windows too, which has no SIGTERM. After `disconnect()` Node never says "close".
        if (signal === undefined) child.send("stop");
        else child.kill(signal);
      }
      await exited;
    },
  };
}
