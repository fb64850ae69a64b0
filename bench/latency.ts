import { competitorSettings, createClients } from "./client.ts";
import { type EmulatorsOptions, startEmulators, startLoadGenerator, startServer } from "./processes.ts";
import { type Figure, figureOf } from "./statistics.ts";
import { moduleOf } from "./tokens.ts";

/** Simulated round trips to the table and the signing vault. */
export const DISTANCES = { tableMs: 5, vaultMs: 15 } as const satisfies EmulatorsOptions["distances"];

const NAMES = ["service", "floor", "oidc-provider"] as const;
const WARM_MS = 4_000;
const ROUND_MS = 1_500;

/** Latency of sequential token requests to a competitor with distant stores. */
export interface Latency {
  /** Milliseconds. */
  p50: Figure;
  p99: Figure;
}

/** Measures the competitors that use a table and a vault, with both at a distance. */
export async function benchLatency(rounds: number): Promise<Record<string, Latency>> {
  const emulators = await startEmulators({ distances: DISTANCES });
  const [client] = await createClients(emulators, 1);
  if (!client) throw new Error("no client");
  const env = competitorSettings(emulators, client);
  const load = await startLoadGenerator();
  const servers = await Promise.all(
    NAMES.map(async (name) => {
      const server = await startServer(moduleOf(name), env);
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
    await Promise.all([load.stop(), ...servers.map(({ server }) => server.stop()), emulators.stop()]);
  }
}
