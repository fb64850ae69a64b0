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
import { requestLine, warningLine, welcome, welcomeStandIns } from "./terminal.ts";

// `npm start`: the stand-ins for Azure and the service on them, until Ctrl-C; `npm start -- --help` says more.
// `npm run stand-ins`: without the service, which Azure Functions Core Tools run then.

const TOKEN_REFRESH_MS = 30 * 60_000;
const PARENT_CHECK_MS = 500;
/** What the environment of the command may change; the other settings say where the stand-ins are. */
const CHANGEABLE = [
  "TOKEN_LIFETIME_SECONDS",
  "TOKEN_REUSE_BURST",
  "TOKEN_REUSE_PER_SECOND",
  "TOKEN_REUSE_SECONDS",
  "KEY_PUBLISH_LEAD_SECONDS",
];

const dir = dataDir();
const cleanups: (() => unknown)[] = [];
let stopping: Promise<never> | undefined;

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stop(0));
if (process.env.npm_lifecycle_event) {
  // npm hands a signal to the shell between it and this process, and a shell that dies of it tells nobody.
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && stop(0), PARENT_CHECK_MS).unref();
}

try {
  const { help, standIns, faults } = readStartOptions(process.argv.slice(2));
  if (help) {
    console.log(USAGE);
    await stop(0);
  }
  await (standIns ? startStandIns() : startAll(faults));
} catch (error) {
  // A part that ended because a Ctrl-C came while it started is not worth a word.
  if (stopping === undefined) console.error(error instanceof Error ? error.message : error);
  await stop(1);
}

async function startAll(faults: readonly Fault[]): Promise<void> {
  const started = performance.now();
  const stack = await startStackHere();
  const service = await startServiceOn(faults.length === 0 ? stack : await through(faults, stack));
  const parts = partsOf(stack, service);
  await announce(stack, parts);
  console.log(welcome(parts, { dir, token: stack.adminToken(), milliseconds: performance.now() - started }));
}

/** The stack as the service shall see it, with proxies that make the faults. */
async function through(faults: readonly Fault[], stack: Stack): Promise<FaultyStack> {
  const faulty = await startFaultyStack(stack, new Faults(faults));
  await cleanUpWith(faulty.close);
  return faulty;
}

async function startStandIns(): Promise<void> {
  const stack = await startStackHere();
  const blobs = await startBlobs(join(dir, "blobs"));
  await cleanUpWith(blobs.close);
  const parts = partsOf(stack);
  await announce(stack, parts);
  await writeLocalSettings(stack, blobs.connectionString);
  console.log(welcomeStandIns(parts, { dir, blobsUrl: blobs.url }));
}

async function startStackHere(): Promise<Stack> {
  const port = portOf(process.env.PORT);
  await assertFree(port);
  const running = await findRunningStack(dir);
  if (running) throw new Error(`The folder ${dir} is in use by ${running.url}; choose another with LOCAL_DATA_DIR.`);
  const stack = await startStack({ dir, port });
  await cleanUpWith(stack.close);
  return { ...stack, settings: { ...stack.settings, ...changedSettings() } };
}

function changedSettings(): Record<string, string> {
  return Object.fromEntries(CHANGEABLE.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}

/** Runs the service: all that it writes goes to a file, one line a request and every warning to the terminal. */
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
    console.error(`The service has ended unexpectedly${reason}; the last lines of ${logFile} may say why.`);
    void stop(1);
  });
  return service;
}

/** Leaves what other commands find the stack by: its addresses, and a token file that is always valid. */
async function announce(stack: Stack, parts: RunningStack): Promise<void> {
  await cleanUpWith(await announceStack(dir, parts));
  const tokenFile = join(dir, "admin-token");
  const writeToken = () => writeFile(tokenFile, stack.adminToken(), { mode: 0o600 });
  await writeToken();
  await cleanUpWith(() => rm(tokenFile, { force: true }));
  setInterval(writeToken, TOKEN_REFRESH_MS).unref();
}

/** Remembers what has to be undone. Does not return when a stop has begun, which then undoes this too. */
async function cleanUpWith(cleanup: () => unknown): Promise<void> {
  cleanups.push(cleanup);
  await stopping;
}

function stop(exitCode: number): Promise<never> {
  stopping ??= cleanUp(exitCode);
  return stopping;
}

/** Undoes everything, last first, and ends the process. A second Ctrl-C does not wait for that. */
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
