import { createWriteStream } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { startBlobs } from "./azure/blobs.ts";
import { writeLocalSettings } from "./core-tools.ts";
import { type Fault, Faults } from "./faults/faults.ts";
import { type FaultyStack, startFaultyStack } from "./faulty-stack.ts";
import { FUNCTION_TIMEOUT_EXIT_CODE } from "./host/functions-timeout.ts";
import { type Service, startService } from "./host/service.ts";
import { announceStack, dataDir, findRunningStack, partsOf, type RunningStack } from "./running-stack.ts";
import { close, listen } from "./server/http-server.ts";
import { type Stack, startStack } from "./stack.ts";
import { readStartOptions, USAGE } from "./start-options.ts";
import { requestLine, warningLine, welcome, welcomeEmulators } from "./terminal.ts";

// `npm start`: runs the emulators of Azure and the service on them, until Ctrl-C. `npm start -- --help` prints the options.
// `npm run stand-ins`: runs the emulators alone, for a service in Azure Functions Core Tools.

const TOKEN_REFRESH_MS = 30 * 60_000;
const PARENT_CHECK_MS = 500;
/** The settings that the environment of the command can override. The others are the addresses of the emulators. */
const OVERRIDABLE = [
  "TOKEN_LIFETIME_SECONDS",
  "TOKEN_REUSE_BURST",
  "TOKEN_REUSE_PER_SECOND",
  "TOKEN_REUSE_SECONDS",
  "KEY_PUBLISH_LEAD_SECONDS",
  "DOCUMENTATION_URL",
  "SECRET_HASH_EXPIRY_DAYS",
];

const dir = dataDir();
const cleanups: (() => unknown)[] = [];
let stopping: Promise<never> | undefined;

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stop(0));
if (process.env.npm_lifecycle_event) {
  // npm sends a signal to the shell between it and this process. A shell that ends by it does not pass it on.
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && stop(0), PARENT_CHECK_MS).unref();
}

try {
  const { help, emulatorsOnly, faults } = readStartOptions(process.argv.slice(2));
  if (help) {
    console.log(USAGE);
    await stop(0);
  }
  await (emulatorsOnly ? startEmulators() : startAll(faults));
} catch (error) {
  // After Ctrl-C a failed start is expected.
  if (stopping === undefined) console.error(error instanceof Error ? error.message : error);
  await stop(1);
}

async function startAll(faults: readonly Fault[]): Promise<void> {
  const started = performance.now();
  const stack = await startStackHere();
  const service = await startServiceOn(faults.length === 0 ? stack : await withFaults(faults, stack));
  const parts = partsOf(stack, service);
  await announce(stack, parts);
  const leadSeconds = Number(stack.settings.KEY_PUBLISH_LEAD_SECONDS);
  const milliseconds = performance.now() - started;
  console.log(welcome(parts, { dir, token: stack.adminToken(), leadSeconds, milliseconds }));
}

/** Starts fault proxies in front of the stack. Returns a stack with the addresses of the proxies. */
async function withFaults(faults: readonly Fault[], stack: Stack): Promise<FaultyStack> {
  const faulty = await startFaultyStack(stack, new Faults(faults));
  await cleanUpWith(faulty.close);
  return faulty;
}

async function startEmulators(): Promise<void> {
  const stack = await startStackHere();
  const blobs = await startBlobs(join(dir, "blobs"));
  await cleanUpWith(blobs.close);
  const parts = partsOf(stack);
  await announce(stack, parts);
  await writeLocalSettings(stack, blobs.connectionString);
  console.log(welcomeEmulators(parts, { dir, blobsUrl: blobs.url }));
}

async function startStackHere(): Promise<Stack> {
  const port = portOf(process.env.PORT);
  await assertFree(port);
  const running = await findRunningStack(dir);
  if (running) throw new Error(`The folder ${dir} is in use by ${running.url}; choose another with LOCAL_DATA_DIR.`);
  const stack = await startStack({ dir, port });
  await cleanUpWith(stack.close);
  return { ...stack, settings: { ...stack.settings, ...overriddenSettings() } };
}

function overriddenSettings(): Record<string, string> {
  return Object.fromEntries(OVERRIDABLE.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}

/** Starts the service. Its output goes to a file; requests, one line each, and warnings also go to the terminal. */
async function startServiceOn(stack: Pick<Stack, "settings" | "port">): Promise<Service> {
  const logFile = join(dir, "service.log");
  const log = createWriteStream(logFile, { flags: "a", mode: 0o600 });
  await cleanUpWith(() => new Promise((resolve) => log.end(resolve)));
  const service = await startService(stack, {
    onLine: (line, stream) => {
      log.write(`${line}\n`);
      const shown = requestLine(line) ?? (stream === "stderr" ? warningLine(line) : undefined);
      if (shown !== undefined) console.log(shown);
    },
  });
  await cleanUpWith(() => service.stop());
  void service.exited.then((exitCode) => {
    if (stopping !== undefined) return;
    const reason = exitCode === FUNCTION_TIMEOUT_EXIT_CODE ? ": a function ran for longer than functionTimeout" : "";
    console.error(`The service has ended unexpectedly${reason}; see the last lines of ${logFile}.`);
    void stop(1);
  });
  return service;
}

/** Writes the addresses of the stack for other commands, and a file with an admin token, which is renewed before it expires. */
async function announce(stack: Stack, parts: RunningStack): Promise<void> {
  await cleanUpWith(await announceStack(dir, parts));
  const tokenFile = join(dir, "admin-token");
  const writeToken = () => writeFile(tokenFile, stack.adminToken(), { mode: 0o600 });
  await writeToken();
  await cleanUpWith(() => rm(tokenFile, { force: true }));
  setInterval(writeToken, TOKEN_REFRESH_MS).unref();
}

/** Registers a cleanup for the stop. Never settles once a stop has begun: the start ends here, and the stop runs the cleanup. */
async function cleanUpWith(cleanup: () => unknown): Promise<void> {
  cleanups.push(cleanup);
  await stopping;
}

function stop(exitCode: number): Promise<never> {
  stopping ??= cleanUp(exitCode);
  return stopping;
}

/** Runs the cleanups, last first, and ends the process. A second Ctrl-C ends it immediately. */
async function cleanUp(exitCode: number): Promise<never> {
  process.on("SIGINT", () => process.exit(130));
  for (let cleanup = cleanups.pop(); cleanup; cleanup = cleanups.pop()) await cleanup();
  process.exit(exitCode);
}

function portOf(text = "7071"): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port >= 1 && port <= 65_535) return port;
  throw new Error(`PORT is "${text}"; it must be a number from 1 to 65535.`);
}

async function assertFree(port: number): Promise<void> {
  const server = createServer();
  try {
    await listen(server, port);
    await close(server);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const reason = code === "EADDRINUSE" ? "is taken" : `cannot be used (${code})`;
    throw new Error(`Port ${port} ${reason}; choose another, for example PORT=${port + 1}.`);
  }
}
