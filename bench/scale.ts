import { AZURE_LIMITS } from "../local/vault/vault-limits.ts";
import { createClients } from "./client.ts";
import type { LoadResult } from "./load.ts";
import { startEmulators, startLoadGenerator, startServer } from "./processes.ts";

/** Result of one load on signing vaults with limits. */
export interface VaultScale {
  vaults: number;
  /** Signatures per second that all vaults accept together. */
  limit: number;
  /** Token requests per second. */
  offered: number;
  tokensPerSecond: number;
  /** All answers but tokens, by status. */
  others: Record<string, number>;
  p50: number;
  p99: number;
}

/** Result of a token request flood: one client without pause. */
export interface TokenFlood {
  tokens: number;
  signatures: number;
  others: Record<string, number>;
  tokensPerSecond: number;
}

const VAULTS = [1, 2, 4];
/** Share of Azure's limit that the local vaults enforce: two cores for everything do not reach the whole limit. */
const SHARE_OF_LIMIT = 0.1;
const LIMIT_PER_SECOND = (AZURE_LIMITS.signatures * SHARE_OF_LIMIT) / 10;
const LOADS = [0.9, 1.5];
const CLIENTS = 32;
const LOAD_MS = 10_000;
const FLOOD_MS = 5_000;

/** Measures 1, 2 and 4 signing vaults below their limit and above it. */
export async function benchVaults(): Promise<VaultScale[]> {
  const results: VaultScale[] = [];
  for (const vaults of VAULTS) {
    for (const share of LOADS) {
      const limit = LIMIT_PER_SECOND * vaults;
      const offered = limit * share;
      const { seconds, tokens, others, p50, p99 } = await loadVaults(vaults, offered);
      results.push({ vaults, limit, offered, tokensPerSecond: tokens / seconds, others, p50, p99 });
    }
  }
  return results;
}

/** Runs one load on fresh vaults, so that no earlier load has used their limits. */
async function loadVaults(signingVaults: number, perSecond: number): Promise<LoadResult> {
  const limits = { ...AZURE_LIMITS, signatures: AZURE_LIMITS.signatures * SHARE_OF_LIMIT };
  const emulators = await startEmulators({ signingVaults, limits });
  const bodies = (await createClients(emulators, CLIENTS)).map(({ body }) => body);
  const server = await startServer("service", { ...emulators.settings, TOKEN_REUSE_SECONDS: "0" });
  const load = await startLoadGenerator();
  try {
    return await load.run({ url: server.url, bodies, concurrency: 64, perSecond, durationMs: LOAD_MS });
  } finally {
    await Promise.all([load.stop(), server.stop(), emulators.stop()]);
  }
}

/** Measures a token request flood: one client, 64 concurrent requests, no pause. */
export async function benchTokenFlood(): Promise<TokenFlood> {
  const emulators = await startEmulators({ limits: AZURE_LIMITS });
  const bodies = (await createClients(emulators, 1)).map(({ body }) => body);
  const server = await startServer("service", emulators.settings);
  const load = await startLoadGenerator();
  try {
    const before = await emulators.signatures();
    const flood = { url: server.url, bodies, concurrency: 64, durationMs: FLOOD_MS };
    const { tokens, others, seconds } = await load.run(flood);
    const signatures = (await emulators.signatures()) - before;
    return { tokens, signatures, others, tokensPerSecond: tokens / seconds };
  } finally {
    await Promise.all([load.stop(), server.stop(), emulators.stop()]);
  }
}
