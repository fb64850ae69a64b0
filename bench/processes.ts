import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { VaultLimits } from "../local/vault/vault-limits.ts";
import type { Load, LoadResult } from "./load.ts";

/** Resources that a process has used so far. */
export interface Usage {
  cpuMicroseconds: number;
  residentBytes: number;
}

/** A competitor in a process of its own. */
export interface Server {
  /** Its token endpoint. */
  url: string;
  usage(): Promise<Usage>;
  stop(): Promise<void>;
}

/** The process that sends the load. */
export interface LoadGenerator {
  run(load: Load): Promise<LoadResult>;
  stop(): Promise<void>;
}

/** The emulators of Azure: the settings of a service on them, and an admin token. */
export interface Emulators {
  settings: Record<string, string>;
  adminToken: string;
  /** Number of signatures that the signing vaults have made. */
  signatures(): Promise<number>;
  stop(): Promise<void>;
}

/** Number of signing vaults, the limits of each, and the simulated round trips to them and to the table. */
export interface EmulatorsOptions {
  distances?: { tableMs: number; vaultMs: number };
  signingVaults?: number;
  limits?: VaultLimits;
}

/** Starts a competitor by the name of its module in `competitors/`. */
export async function startServer(name: string, env: Record<string, string>): Promise<Server> {
  const child = start("server-process.ts", [name], env);
  const { url } = await answer<{ url: string }>(child);
  return { url, usage: () => ask<Usage>(child, "usage"), stop: () => stop(child) };
}

/** Starts the process that sends the load. */
export async function startLoadGenerator(): Promise<LoadGenerator> {
  const child = start("load-process.ts", [], {});
  await answer(child);
  return { run: (load) => ask(child, load), stop: () => stop(child) };
}

/** Starts the emulators in a process of their own, so that their CPU time is not counted for a competitor. */
export async function startEmulators(options: EmulatorsOptions = {}): Promise<Emulators> {
  const child = start("emulators-process.ts", [JSON.stringify(options)], {});
  const { settings, adminToken } = await answer<Pick<Emulators, "settings" | "adminToken">>(child);
  return { settings, adminToken, signatures: () => ask(child, "signatures"), stop: () => stop(child) };
}

function start(file: string, args: string[], env: Record<string, string>): ChildProcess {
  return fork(join(import.meta.dirname, file), args, {
    env: { ...env, PATH: process.env.PATH },
    execArgv: ["--disable-warning=ExperimentalWarning"],
    // A server pays for its log, but the log is discarded.
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
}

async function ask<T>(child: ChildProcess, message: object | string): Promise<T> {
  const answered = answer<T>(child);
  child.send(message);
  return answered;
}

async function answer<T>(child: ChildProcess): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const onExit = (code: number | null) =>
    reject(new Error(`${child.spawnargs.slice(2).join(" ")} ended with ${code}.`));
  child.once("message", resolve).once("exit", onExit);
  try {
    return await promise;
  } finally {
    child.off("message", resolve).off("exit", onExit);
  }
}

/** Stops a child by closing its channel, as the end of this process would. */
async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.disconnect();
  await exited;
}
