import { type BenchClient, contestantSettings, createClients } from "./client.ts";
import type { LoadResult } from "./load.ts";
import { type LoadGenerator, type Server, type StandIns, startLoadGenerator, startServer } from "./processes.ts";
import { type Figure, figureOf, ratioOf } from "./statistics.ts";

/** Who is compared, by the names of their modules. */
export const CONTESTANTS = {
  service: "this service, its deployed handler on node:http",
  floor: "floor: node:http, one table read, one signature, undici",
  "oidc-provider": "node-oidc-provider, same table, same vault, undici",
  "oidc-provider-in-memory": "node-oidc-provider, clients and key in memory",
  "oauth2-mock-server": "oauth2-mock-server, key in memory",
  "service-in-host": "this service in the local Functions host",
  "empty-in-host": "an empty function in the local Functions host",
} as const;
export type Contestant = keyof typeof CONTESTANTS;

export const CONCURRENCIES = [1, 16, 64] as const;

/** What one contestant did at one concurrency. */
export interface TokenFigures {
  tokensPerSecond: Figure;
  /** Milliseconds. */
  p50: Figure;
  p99: Figure;
  /** CPU time of the server's process, microseconds. */
  cpuPerToken: Figure;
}

export interface TokenBench {
  /** By contestant and concurrency. */
  figures: Record<string, Record<number, TokenFigures>>;
  /** Megabytes in use at the end. */
  memory: Record<string, number>;
  /** At 16 in parallel. */
  ratios: Record<string, number>;
}

interface Round extends LoadResult {
  cpuPerToken: number;
}

const WARM_TOKENS = 6_000;
const WARM_AT_MOST_MS = 12_000;
/** Whoever takes its turn after a contestant that asks no store finds the stores cold. This much of a turn is not measured. */
const SETTLE_MS = 400;

/** Lets all contestants issue tokens in turn, again and again, so that none has the machine at a better time than the others. */
export async function benchTokens(standIns: StandIns, rounds: number, roundMs: number): Promise<TokenBench> {
  const names = Object.keys(CONTESTANTS) as Contestant[];
  const [client] = await createClients(standIns, 1);
  if (!client) throw new Error("no client");
  const env = contestantSettings(standIns, client);
  const load = await startLoadGenerator();
  const servers = new Map<Contestant, Server>();
  for (const name of names) servers.set(name, await startServer(name, env));
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
  servers: Map<Contestant, Server>,
  load: LoadGenerator,
  { body }: BenchClient,
  rounds: number,
  roundMs: number,
): Promise<Map<string, Round[]>> {
  const measured = new Map<string, Round[]>();
  const turns = [...servers];
  for (let round = 0; round < rounds; round++) {
    // The other way round in every second round, so that none always comes after the same one.
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

function keyOf(name: Contestant, concurrency: number): string {
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
  const rounds = (name: Contestant) => measured.get(keyOf(name, 16)) ?? [];
  const cpu = (name: Contestant) => rounds(name).map(({ cpuPerToken }) => cpuPerToken);
  const throughput = (name: Contestant) => rounds(name).map(({ tokens, seconds }) => tokens / seconds);
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
