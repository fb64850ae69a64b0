import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import type { BenchClient } from "./client.ts";
import type { StandIns } from "./processes.ts";
import { type Figure, figureOf } from "./statistics.ts";

const ROOT = join(import.meta.dirname, "..");

/** How one build of the service starts. */
export interface ColdStart {
  /** The size of what is loaded of our own build; an unbundled one loads its packages beside. */
  kilobytes: number;
  /** Milliseconds from the start of loading to a server that listens. */
  load: Figure;
  /** Milliseconds from the start of the process to its first token. */
  firstToken: Figure;
}

/** Starts the deployed bundle and an unbundled build in turn, each time in a fresh process. */
export async function benchColdStart(
  standIns: StandIns,
  client: BenchClient,
  rounds: number,
): Promise<Record<"bundled" | "unbundled", ColdStart>> {
  // Inside the project, where the packages of the unbundled build are found.
  await mkdir(join(ROOT, "node_modules/.cache"), { recursive: true });
  const folder = await mkdtemp(join(ROOT, "node_modules/.cache/bench-"));
  try {
    const runner = join(folder, "runner.mjs");
    const unbundled = join(folder, "unbundled.cjs");
    const node = { bundle: true, platform: "node", target: "node22" } as const;
    await build({ ...node, entryPoints: [join(ROOT, "bench/cold-process.ts")], outfile: runner, format: "esm" });
    const main = join(ROOT, "functions/main.ts");
    await build({ ...node, entryPoints: [main], outfile: unbundled, format: "cjs", packages: "external" });

    const bundles = { bundled: join(ROOT, "dist/functions.cjs"), unbundled };
    const times = { bundled: [] as Times[], unbundled: [] as Times[] };
    // The first round fills the system's file cache and does not count.
    for (let round = 0; round <= rounds; round++) {
      for (const name of ["bundled", "unbundled"] as const) {
        const measured = await startOnce(runner, bundles[name], standIns.settings, client.body);
        if (round > 0) times[name].push(measured);
      }
    }
    const summary = async (name: "bundled" | "unbundled"): Promise<ColdStart> => ({
      kilobytes: Math.round((await stat(bundles[name])).size / 1_000),
      load: figureOf(times[name].map(({ loadMs }) => loadMs)),
      firstToken: figureOf(times[name].map(({ firstTokenMs }) => firstTokenMs)),
    });
    return { bundled: await summary("bundled"), unbundled: await summary("unbundled") };
  } finally {
    await rm(folder, { recursive: true });
  }
}

interface Times {
  loadMs: number;
  firstTokenMs: number;
}

async function startOnce(
  runner: string,
  bundle: string,
  settings: Record<string, string>,
  body: string,
): Promise<Times> {
  const startedAt = performance.now();
  const child = fork(runner, [bundle], { env: settings, execArgv: [], stdio: ["ignore", "ignore", "inherit", "ipc"] });
  const exited = once(child, "exit");
  try {
    const [{ url, loadMs }] = (await Promise.race([once(child, "message"), exited])) as [
      { url: string; loadMs: number },
    ];
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const response = await fetch(url, { method: "POST", headers, body });
    if (response.status !== 200) throw new Error(`The first token: ${response.status} ${await response.text()}`);
    await response.arrayBuffer();
    return { loadMs, firstTokenMs: performance.now() - startedAt };
  } finally {
    if (child.connected) child.disconnect();
    await exited;
  }
}
