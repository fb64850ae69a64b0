import { contestantSettings, createClients } from "./client.ts";
import { type StandInsOptions, startLoadGenerator, startServer, startStandIns } from "./processes.ts";
import { type Figure, figureOf } from "./statistics.ts";

/** How far away the table and the signing vault are. */
export const DISTANCES = { tableMs: 5, vaultMs: 15 } as const satisfies StandInsOptions["distances"];

const NAMES = ["service", "floor", "oidc-provider"] as const;
const WARM_MS = 4_000;
const ROUND_MS = 1_500;

/** How long a token takes, one after another, from a service that is far from its stores. */
export interface Latency {
  /** Milliseconds. */
  p50: Figure;
  p99: Figure;
}

/** Lets the contestants that ask a table and a vault issue tokens in turn, with both at a distance. */
export async function benchLatency(rounds: number): Promise<Record<string, Latency>> {
  const standIns = await startStandIns({ distances: DISTANCES });
  const [client] = await createClients(standIns, 1);
  if (!client) throw new Error("no client");
  const env = contestantSettings(standIns, client);
  const load = await startLoadGenerator();
  const servers = await Promise.all(
    NAMES.map(async (name) => {
      const server = await startServer(name, env);
      const run = (durationMs: number) =>
        load.run({ url: server.url, bodies: [client.body], concurrency: 1, durationMs });
      return { name, server, run };
    }),
  );
  try {
    for (const { run } of servers) await run(WARM_MS);
    const measured: Record<string, { p50: number; p99: number }[]> = {};
    for (let round = 0; round < rounds; round++) {
      for (const { name, run } of servers) {
        const { p50, p99, others } = await run(ROUND_MS);
        if (Object.keys(others).length > 0) throw new Error(`${name}: ${JSON.stringify(others)}`);
        measured[name] = [...(measured[name] ?? []), { p50, p99 }];
      }
    }
    return Object.fromEntries(
      Object.entries(measured).map(([name, figures]) => [
        name,
        { p50: figureOf(figures.map(({ p50 }) => p50)), p99: figureOf(figures.map(({ p99 }) => p99)) },
      ]),
    );
  } finally {
    await Promise.all([load.stop(), ...servers.map(({ server }) => server.stop()), standIns.stop()]);
  }
}
