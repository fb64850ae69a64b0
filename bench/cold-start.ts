import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { build } from "esbuild";
import { createClients } from "./client.ts";
import type { Emulators } from "./processes.ts";
import { type Figure, figureOf } from "./statistics.ts";

const ROOT = join(import.meta.dirname, "..");
const BUILDS = ["bundled", "unbundled"] as const;
export type Build = (typeof BUILDS)[number];

/** Idle time of an instance before its first request, in the runs with a head start. */
const HEAD_START_MS = 2_000;

/** How one build of the service starts, in the local Functions host. */
export interface ColdStart {
  /** Size of the build; the packages of the unbundled one are not counted. */
  kilobytes: number;
  /** Milliseconds from the start of loading to a listening host. */
  load: Figure;
  /** Milliseconds from the start of the process to its first token, requested immediately. */
  firstToken: Figure;
  /** Milliseconds of the first and the second token of an instance that is two seconds old. */
  firstRequest: Figure;
  secondRequest: Figure;
}

/** Starts the deployed bundle and an unbundled build alternately, each time in a fresh process. */
export async function benchColdStart(emulators: Emulators, rounds: number): Promise<Record<Build, ColdStart>> {
  const { settings } = emulators;
  const [client] = await createClients(emulators, 1);
  const body = client?.body ?? "";
  // Inside the project, so that the unbundled build resolves its packages.
  const cache = join(ROOT, "node_modules/.cache");
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, "bench-"));
  try {
    const runner = join(folder, "runner.mjs");
    const unbundled = join(folder, "unbundled.cjs");
    const options = { bundle: true, platform: "node", target: "node22", packages: "external" } as const;
    await build({ ...options, entryPoints: [join(ROOT, "bench/cold-process.ts")], outfile: runner, format: "esm" });
    await build({
      ...options,
      entryPoints: [join(ROOT, "functions/main.ts")],
      outfile: unbundled,
      format: "cjs",
      // As in the deployed build.
      define: { "import.meta.dirname": "__dirname" },
    });

    const bundles = { bundled: join(ROOT, "dist/app/functions.cjs"), unbundled };
    const immediate: Record<Build, Start[]> = { bundled: [], unbundled: [] };
    const delayed: Record<Build, Start[]> = { bundled: [], unbundled: [] };
    // The first round fills the system's file cache and does not count.
    for (let round = 0; round <= rounds; round++) {
      for (const name of BUILDS) {
        const starts = [
          await startOnce([runner, bundles[name]], settings, body, 0),
          await startOnce([runner, bundles[name]], settings, body, HEAD_START_MS),
        ] as const;
        if (round === 0) continue;
        immediate[name].push(starts[0]);
        delayed[name].push(starts[1]);
      }
    }
    const sumUp = async (name: Build): Promise<ColdStart> => ({
      kilobytes: Math.round((await stat(bundles[name])).size / 1_000),
      load: figureOf(immediate[name].map(({ loadMs }) => loadMs)),
      firstToken: figureOf(immediate[name].map(({ firstTokenMs }) => firstTokenMs)),
      firstRequest: figureOf(delayed[name].map(({ firstRequestMs }) => firstRequestMs)),
      secondRequest: figureOf(delayed[name].map(({ secondRequestMs }) => secondRequestMs)),
    });
    return { bundled: await sumUp("bundled"), unbundled: await sumUp("unbundled") };
  } finally {
    await rm(folder, { recursive: true });
  }
}

interface Start {
  loadMs: number;
  firstTokenMs: number;
  firstRequestMs: number;
  secondRequestMs: number;
}

async function startOnce(
  [runner, bundle]: [string, string],
  env: Record<string, string>,
  body: string,
  waitMs: number,
): Promise<Start> {
  const startedAt = performance.now();
  const child = fork(runner, [bundle], { env, execArgv: [], stdio: ["ignore", "ignore", "inherit", "ipc"] });
  const exited = once(child, "exit").then(([code]) => {
    throw new Error(`A cold start ended with ${code}.`);
  });
  try {
    const [message] = await Promise.race([once(child, "message"), exited]);
    const { url, loadMs } = message as { url: string; loadMs: number };
    await sleep(waitMs);
    const firstRequestMs = await timeToken(url, body);
    const firstTokenMs = performance.now() - startedAt;
    return { loadMs, firstTokenMs, firstRequestMs, secondRequestMs: await timeToken(url, body) };
  } finally {
    if (child.connected) child.disconnect();
    await exited.catch(() => {});
  }
}

async function timeToken(url: string, body: string): Promise<number> {
  const sentAt = performance.now();
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const response = await fetch(url, { method: "POST", headers, body });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`A cold start's token: ${response.status} ${text}`);
  return performance.now() - sentAt;
}
