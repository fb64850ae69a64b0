import { type BenchClient, competitorSettings, createClients } from "./client.ts";
import type { LoadResult } from "./load.ts";
import { type Emulators, type LoadGenerator, type Server, startLoadGenerator, startServer } from "./processes.ts";
import { type Figure, figureOf, ratioOf } from "./statistics.ts";

/** The competitors by their keys in the `--json` report. The baseline keeps the key `floor`, on which readers of the report depend. */
export const COMPETITORS = {
  service: "this service, its deployed handler on node:http",
  floor: "baseline: node:http, one read, one signature, undici",
  "oidc-provider": "node-oidc-provider, same table, same vault, undici",
  "oidc-provider-in-memory": "node-oidc-provider, clients and key in memory",
  "oauth2-mock-server": "oauth2-mock-server, key in memory",
  "service-in-host": "this service in the local Functions host",
  "empty-in-host": "an empty function in the local Functions host",
} as const;
export type Competitor = keyof typeof COMPETITORS;

/** Returns the name of a competitor's module in `competitors/`. */
export function moduleOf(name: Competitor): string {
  return name === "floor" ? "baseline" : name;
}

export const CONCURRENCIES = [1, 16, 64] as const;

/** Figures of one competitor at one concurrency. */
export interface TokenFigures {
  tokensPerSecond: Figure;
  /** Milliseconds. */
  p50: Figure;
  p99: Figure;
  /** CPU time of the server's process, microseconds. */
  cpuPerToken: Figure;
}

export interface TokenBench {
  /** By competitor and concurrency. */
  figures: Record<string, Record<number, TokenFigures>>;
  /** Resident megabytes at the end. */
  memory: Record<string, number>;
  /** At 16 in parallel. */
  ratios: Record<string, number>;
}

interface Round extends LoadResult {
  cpuPerToken: number;
}

const WARM_TOKENS = 6_000;
const WARM_AT_MOST_MS = 12_000;
/** Unmeasured start of each measurement: after a competitor without stores the emulators are cold. */
const SETTLE_MS = 400;

/** Measures all competitors alternately, in many short rounds, so that a slow phase of the machine affects all of them. */
export async function benchTokens(emulators: Emulators, rounds: number, roundMs: number): Promise<TokenBench> {
  const names = Object.keys(COMPETITORS) as Competitor[];
  const [client] = await createClients(emulators, 1);
  if (!client) throw new Error("no client");
  const env = competitorSettings(emulators, client);
  const load = await startLoadGenerator();
  const servers = new Map<Competitor, Server>();
  for (const name of names) servers.set(name, await startServer(moduleOf(name), env));
  try {
    for (const server of servers.values()) await warmUp(server, load, client);
    const measured = await measure(servers, load, client, rounds, roundMs);
    const memory: Record<string, number> = {};
    for (const [name, server] of servers) memory[name] = Math.round((await server.usage()).residentBytes / 1e6);
    return { figures: figuresOf(measured), memory, ratios: ratiosOf(measured) };
  } finally {
    await Promise.all([load.stop(), ...[...servers.values()].map((server) => server.stop())]);
  }
}

async function warmUp(server: Server, load: LoadGenerator, { body }: BenchClient): Promise<void> {
  const until = performance.now() + WARM_AT_MOST_MS;
  for (let tokens = 0; tokens < WARM_TOKENS && performance.now() < until; ) {
    tokens += (await load.run({ url: server.url, bodies: [body], concurrency: 16, durationMs: 1_000 })).tokens;
  }
}

async function measure(
  servers: Map<Competitor, Server>,
  load: LoadGenerator,
  { body }: BenchClient,
  rounds: number,
  roundMs: number,
): Promise<Map<string, Round[]>> {
  const measured = new Map<string, Round[]>();
  const turns = [...servers];
  for (let round = 0; round < rounds; round++) {
    // Every second round runs in reverse order, so that no competitor always follows the same one.
    turns.reverse();
    for (const concurrency of CONCURRENCIES) {
      for (const [name, server] of turns) {
        const ask = (durationMs: number) => load.run({ url: server.url, bodies: [body], concurrency, durationMs });
        await ask(SETTLE_MS);
        const before = await server.usage();
        const result = await ask(roundMs);
        const after = await server.usage();
        if (Object.keys(result.others).length > 0) throw new Error(`${name}: ${JSON.stringify(result.others)}`);
        const cpuPerToken = (after.cpuMicroseconds - before.cpuMicroseconds) / result.tokens;
        const key = keyOf(name, concurrency);
        measured.set(key, [...(measured.get(key) ?? []), { ...result, cpuPerToken }]);
      }
    }
  }
  return measured;
}

function keyOf(name: Competitor, concurrency: number): string {
  return `${name} ${concurrency}`;
}

function figuresOf(measured: Map<string, Round[]>): TokenBench["figures"] {
  const figures: TokenBench["figures"] = {};
  for (const [key, rounds] of measured) {
    const [name = "", concurrency] = key.split(" ");
    figures[name] ??= {};
    figures[name][Number(concurrency)] = {
      tokensPerSecond: figureOf(rounds.map(({ tokens, seconds }) => tokens / seconds)),
      p50: figureOf(rounds.map(({ p50 }) => p50)),
      p99: figureOf(rounds.map(({ p99 }) => p99)),
      cpuPerToken: figureOf(rounds.map(({ cpuPerToken }) => cpuPerToken)),
    };
  }
  return figures;
}

function ratiosOf(measured: Map<string, Round[]>): Record<string, number> {
  const rounds = (name: Competitor) => measured.get(keyOf(name, 16)) ?? [];
  const cpu = (name: Competitor) => rounds(name).map(({ cpuPerToken }) => cpuPerToken);
  const throughput = (name: Competitor) => rounds(name).map(({ tokens, seconds }) => tokens / seconds);
  const ofService = (other: number[]) => ratioOf(cpu("service"), other).median;
  return {
    cpuPerTokenToFloor: ofService(cpu("floor")),
    cpuPerTokenToOidcProvider: ofService(cpu("oidc-provider")),
    cpuPerTokenToOidcProviderInMemory: ofService(cpu("oidc-provider-in-memory")),
    cpuPerTokenToOauth2MockServer: ofService(cpu("oauth2-mock-server")),
    throughputToFloor: ratioOf(throughput("service"), throughput("floor")).median,
    throughputToOidcProvider: ratioOf(throughput("service"), throughput("oidc-provider")).median,
  };
}
