import { execFileSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import type { JSONWebKeySet } from "jose";
import { type Fault, type FaultKind, Faults } from "../../local/faults/faults.ts";
import { startFaultyStack } from "../../local/faulty-stack.ts";
import { type Service, startService } from "../../local/host/service.ts";
import { startStack } from "../../local/stack.ts";
import { seededRandom } from "./random.ts";
import { runWorkload, type WorkloadReport } from "./workload.ts";

/** Duration of one fault mix. */
const FAULT_MIX_MS = 1_500;
/** Interval between kills of one instance. The other instance survives, so that its memory can be measured. */
const KILL_EVERY_MS = 20_000;
const OPERATIONS = [
  "table-*",
  "table-merge",
  "table-insert",
  "table-get",
  "usage-*",
  "secret-*",
  "secret-set",
  "key-sign",
];

/** Result of a soak. */
export interface SoakReport extends WorkloadReport {
  readonly seed: number;
  readonly seconds: number;
  /** Number of injected faults of each kind, and of killed instances. */
  readonly faults: Readonly<Partial<Record<FaultKind | "kill", number>>>;
  /** Resident memory of the surviving instance in MB, after its first requests and at the end. */
  readonly memoryMb: { readonly start: number; readonly end: number };
}

interface SoakOptions {
  readonly seconds: number;
  readonly seed: number;
  /** Draws the next fault mix. */
  readonly faultMix?: (random: () => number) => Fault[];
}

/** Runs a workload on two instances while their stores, vaults and connections fail. */
export async function soak({ seconds, seed, faultMix = anyFaultMix }: SoakOptions): Promise<SoakReport> {
  const random = seededRandom(seed);
  const faults = new Faults([], random);
  const stack = await startStack();
  const faulty = await startFaultyStack(stack, faults);
  const survivor = await startService(faulty, { port: 0, onLine: () => {} });
  let victim: Service | undefined = await startService(faulty, { port: 0, onLine: () => {} });
  let kills = 0;
  const endsAt = performance.now() + seconds * 1_000;
  const goesOn = () => performance.now() < endsAt;

  const changeFaultMix = async () => {
    while (goesOn()) {
      faults.rules = faultMix(random);
      await sleep(FAULT_MIX_MS);
    }
    faults.rules = [];
  };
  const killer = async () => {
    for (let nextKill = performance.now() + KILL_EVERY_MS; goesOn(); await sleep(100)) {
      if (performance.now() < nextKill) continue;
      const killed = victim;
      victim = undefined;
      await killed?.stop("SIGKILL");
      kills++;
      victim = await startService(faulty, { port: 0, onLine: () => {} });
      nextKill = performance.now() + KILL_EVERY_MS;
    }
  };
  const warmMemory = async () => {
    await sleep(Math.min(5_000, seconds * 250));
    return memoryMbOf(survivor.pid);
  };

  try {
    const keys = (await (await fetch(`${survivor.url}/.well-known/jwks.json`)).json()) as JSONWebKeySet;
    const urls = () => [survivor, ...(victim ? [victim] : [])].map(({ url }) => url);
    const workload = runWorkload({ urls, keys, adminToken: () => stack.adminToken(), random, goesOn });
    const [report, start] = await Promise.all([workload, warmMemory(), changeFaultMix(), killer()]);
    return {
      ...report,
      seed,
      seconds,
      faults: { ...Object.fromEntries(faults.injected), ...(kills > 0 && { kill: kills }) },
      memoryMb: { start, end: memoryMbOf(survivor.pid) },
    };
  } finally {
    await Promise.all([survivor.stop(), victim?.stop()]);
    await faulty.close();
    await stack.close();
  }
}

/** Draws three faults, or none now and then. */
function anyFaultMix(random: () => number): Fault[] {
  return random() < 0.2 ? [] : Array.from({ length: 3 }, () => randomFault(random));
}

function randomFault(random: () => number): Fault {
  const pick = <T>(items: readonly T[]) => items[Math.floor(random() * items.length)] as T;
  const kind = pick<FaultKind>([
    "delay",
    "fail",
    "throttle",
    "forbid",
    "reset",
    "lose-reply",
    "lose-reply",
    "apply-later",
  ]);
  const value = {
    delay: pick([20, 200, 2_500]),
    fail: pick([500, 503, 408]),
    throttle: pick([undefined, 0, 1, 7]),
    "apply-later": pick([50, 500, 2_000]),
    forbid: undefined,
    "demand-expiry": undefined,
    reset: undefined,
    "lose-reply": undefined,
  }[kind];
  const chance = kind === "delay" && value === 2_500 ? 0.02 : pick([0.02, 0.1, 0.3]);
  return { operation: pick(OPERATIONS), kind, value, chance, body: pick([undefined, undefined, "", "<html></html>"]) };
}

/** Returns the resident memory of a process, `NaN` on a system without `ps`. */
function memoryMbOf(pid: number): number {
  try {
    return Math.round(Number(execFileSync("ps", ["-o", "rss=", "-p", String(pid)], { encoding: "utf8" })) / 1024);
  } catch {
    return Number.NaN;
  }
}
