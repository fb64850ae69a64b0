import { spawn } from "node:child_process";
import { once } from "node:events";
import { constants, createWriteStream } from "node:fs";
import { access, mkdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { writeLocalSettings } from "./core-tools.ts";
import { type Fault, Faults } from "./faults/faults.ts";
import type { FaultyStack } from "./faulty-stack.ts";
import { FUNCTION_TIMEOUT_EXIT_CODE } from "./host/functions-timeout.ts";
import { type Service, startService } from "./host/service.ts";
import { announceStack, dataDir, findRunningStack, partsOf, type RunningStack } from "./running-stack.ts";
import { close, listen } from "./server/http-server.ts";
import type { Stack } from "./stack.ts";
import { readStartOptions, USAGE } from "./start-options.ts";
import { requestLine, settingsFault, warningLine, welcome, welcomeEmulators } from "./terminal.ts";

// `npm start`: runs the emulators of Azure and the service on them, until Ctrl-C. `npm start -- --help` prints the options.
// `npm run stand-ins`: runs the emulators alone, for a service in Azure Functions Core Tools.
// The build and the emulators take seconds. So both come after the checks, and the emulators are imported where they start.

const TOKEN_REFRESH_MS = 30 * 60_000;
const PARENT_CHECK_MS = 500;
const HEALTH_WAIT_MS = 30_000;
const HEALTH_INTERVAL_MS = 500;
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
let isReady = false;

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stop(0));
if (process.env.npm_lifecycle_event) {
  // npm sends a signal to the shell between it and this process. A shell that ends by it does not pass it on.
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && stop(0), PARENT_CHECK_MS).unref();
}

try {
  const { help, build, emulatorsOnly, faults } = readStartOptions(process.argv.slice(2));
  if (help) {
    console.log(USAGE);
    await stop(0);
  }
  const port = portOf(process.env.PORT);
  await assertFree(port);
  await assertUsable(dir);
  if (build) await buildAll();
  await (emulatorsOnly ? startEmulators(port) : startAll(port, faults));
} catch (error) {
  // After Ctrl-C a failed start is expected.
  if (stopping === undefined) console.error(error instanceof Error ? error.message : error);
  await stop(1);
}

async function startAll(port: number, faults: readonly Fault[]): Promise<void> {
  const started = performance.now();
  const stack = await startStackHere(port);
  const { service, settingsFaults } = await startServiceOn(stack, faults);
  await untilReady(`${service.url}/health`, settingsFaults, faults.length > 0);
  isReady = true;
  const parts = partsOf(stack, service);
  await announce(stack, parts);
  const leadSeconds = Number(stack.settings.KEY_PUBLISH_LEAD_SECONDS);
  const milliseconds = performance.now() - started;
  console.log(welcome(parts, { dir, token: stack.adminToken(), leadSeconds, milliseconds }));
}

/** Starts fault proxies in front of the stack. Returns a stack with the addresses of the proxies. */
async function withFaults(faults: readonly Fault[], stack: Stack): Promise<FaultyStack> {
  const { startFaultyStack } = await import("./faulty-stack.ts");
  const faulty = await startFaultyStack(stack, new Faults(faults));
  await cleanUpWith(faulty.close);
  return faulty;
}

async function startEmulators(port: number): Promise<void> {
  const stack = await startStackHere(port);
  const { startBlobs } = await import("./azure/blobs.ts");
  const blobs = await startBlobs(join(dir, "blobs"));
  await cleanUpWith(blobs.close);
  const parts = partsOf(stack);
  await announce(stack, parts);
  await writeLocalSettings(stack, blobs.connectionString);
  console.log(welcomeEmulators(parts, { dir, blobsUrl: blobs.url }));
}

async function startStackHere(port: number): Promise<Stack> {
  const { startStack } = await import("./stack.ts");
  const stack = await startStack({ dir, port });
  await cleanUpWith(stack.close);
  return { ...stack, settings: { ...stack.settings, ...overriddenSettings() } };
}

function overriddenSettings(): Record<string, string> {
  return Object.fromEntries(OVERRIDABLE.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}

/**
 * Starts the example API, and the service on the stack or behind faults. The output of the service goes to a file; requests, one line
 * each, and warnings also go to the terminal once it is ready. Faults of its settings are collected.
 */
async function startServiceOn(
  stack: Stack,
  faults: readonly Fault[],
): Promise<{ service: Service; settingsFaults: readonly string[] }> {
  const { startExampleApi } = await import("./example-api.ts");
  const exampleApi = await startExampleApi(stack.settings);
  await cleanUpWith(exampleApi.close);
  const settingsFaults: string[] = [];
  const logFile = join(dir, "service.log");
  const log = createWriteStream(logFile, { flags: "a", mode: 0o600 });
  await cleanUpWith(() => new Promise((resolve) => log.end(resolve)));
  const service = await startService(faults.length === 0 ? stack : await withFaults(faults, stack), {
    backends: exampleApi.backends,
    onLine: (line, stream) => {
      log.write(`${line}\n`);
      const fault = settingsFault(line);
      if (fault !== undefined) return void settingsFaults.push(fault);
      if (!isReady) return;
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
  return { service, settingsFaults };
}

/**
 * Waits until `/health` is 200. A stack with faults is ready when it answers.
 *
 * @throws an error with the faults of the settings, or with the last answer.
 */
async function untilReady(healthUrl: string, settingsFaults: readonly string[], hasFaults: boolean): Promise<void> {
  for (const deadline = performance.now() + HEALTH_WAIT_MS; ; await sleep(HEALTH_INTERVAL_MS)) {
    const answer = await fetch(healthUrl).catch(() => undefined);
    const body = await answer?.text();
    if (settingsFaults.length > 0) throw new Error(`Wrong settings:\n${settingsFaults.join("\n")}`);
    if (answer?.ok || (answer && hasFaults)) return;
    if (performance.now() > deadline) throw new Error(`The service does not become healthy: ${body ?? "no answer"}`);
  }
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

/** Builds the bundle and the admin page in a process of its own, since the bundlers stay in memory. */
async function buildAll(): Promise<void> {
  console.log("Building the service and the admin page…");
  const child = spawn(process.execPath, [join(import.meta.dirname, "../build.ts")], { stdio: "inherit" });
  await cleanUpWith(() => child.kill());
  const [exitCode] = await once(child, "close");
  if (exitCode !== 0) throw new Error("The build has failed.");
}

/** Creates the folder unless it exists. */
async function assertUsable(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(`The folder ${folder} cannot be used (${code}); choose another with LOCAL_DATA_DIR.`);
  }
  const running = await findRunningStack(folder);
  if (running) throw new Error(`The folder ${folder} is in use by ${running.url}; choose another with LOCAL_DATA_DIR.`);
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
