import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { VaultLimits } from "../local/vault/vault-limits.ts";
import type { Load, LoadResult } from "./load.ts";

/** What a process has used so far. */
export interface Usage {
  cpuMicroseconds: number;
  residentBytes: number;
}

/** A contestant in a process of its own. */
export interface Server {
  /** Its token endpoint. */
  url: string;
  usage(): Promise<Usage>;
  stop(): Promise<void>;
}

/** Where load comes from. */
export interface LoadGenerator {
  run(load: Load): Promise<LoadResult>;
  stop(): Promise<void>;
}

/** The stand-ins for Azure: the settings of a service on them, and a token of an administrator. */
export interface StandIns {
  settings: Record<string, string>;
  adminToken: string;
  /** How often the signing vaults have signed. */
  signatures(): Promise<number>;
  stop(): Promise<void>;
}

/** How many signing vaults there are, what each takes, if that is limited, and how far away they and the table are. */
export interface StandInsOptions {
  distances?: { tableMs: number; vaultMs: number };
  signingVaults?: number;
  limits?: VaultLimits;
}

/** Starts a contestant: the module of that name in `contestants/`. */
export async function startServer(name: string, env: Record<string, string>): Promise<Server> {
  const child = start("server-process.ts", [name], env);
  const { url } = await answer<{ url: string }>(child);
  return { url, usage: () => ask<Usage>(child, "usage"), stop: () => stop(child) };
}

/** Starts the process that makes the load. */
export async function startLoadGenerator(): Promise<LoadGenerator> {
  const child = start("load-process.ts", [], {});
  await answer(child);
  return { run: (load) => ask(child, load), stop: () => stop(child) };
}

/** Starts the stand-ins in a process of their own, so that their work is nobody else's. */
export async function startStandIns(options: StandInsOptions = {}): Promise<StandIns> {
  const child = start("stand-ins-process.ts", [JSON.stringify(options)], {});
  const { settings, adminToken } = await answer<Pick<StandIns, "settings" | "adminToken">>(child);
  return { settings, adminToken, signatures: () => ask(child, "signatures"), stop: () => stop(child) };
}

function start(file: string, args: string[], env: Record<string, string>): ChildProcess {
  return fork(join(import.meta.dirname, file), args, {
    env: { ...env, PATH: process.env.PATH },
    execArgv: ["--disable-warning=ExperimentalWarning"],
    // What a server logs is written, but to nowhere.
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

/** Ends a child by its channel, as the end of this process would. */
async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.disconnect();
  await exited;
}
