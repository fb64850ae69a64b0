import { AZURE_LIMITS } from "../local/vault/vault-limits.ts";
import { createClients } from "./client.ts";
import type { LoadResult } from "./load.ts";
import { startLoadGenerator, startServer, startStandIns } from "./processes.ts";

/** What one load on limited signing vaults came to. */
export interface VaultScale {
  vaults: number;
  /** What the vaults take together, per second. */
  limit: number;
  /** What was asked for, per second. */
  offered: number;
  tokensPerSecond: number;
  /** All answers but tokens, by status. */
  others: Record<string, number>;
  p50: number;
  p99: number;
}

/** What a client came to that asked for tokens as fast as it could. */
export interface MintStorm {
  tokens: number;
  signatures: number;
  others: Record<string, number>;
  tokensPerSecond: number;
}

const VAULTS = [1, 2, 4];
/** Two cores that also are the table, the vaults and the clients do not reach the limit of one vault on Azure; a tenth of it they do. */
const SHARE_OF_LIMIT = 0.1;
const LIMIT_PER_SECOND = (AZURE_LIMITS.signatures * SHARE_OF_LIMIT) / 10;
const LOADS = [0.9, 1.5];
const CLIENTS = 32;
const LOAD_MS = 10_000;
const STORM_MS = 5_000;

/** Asks for nearly as many tokens as 1, 2 and 4 vaults can sign, and for more. */
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

/** Each load gets vaults that have signed nothing yet. */
async function loadVaults(signingVaults: number, perSecond: number): Promise<LoadResult> {
  const limits = { ...AZURE_LIMITS, signatures: AZURE_LIMITS.signatures * SHARE_OF_LIMIT };
  const standIns = await startStandIns({ signingVaults, limits });
  const bodies = (await createClients(standIns, CLIENTS)).map(({ body }) => body);
  const server = await startServer("service", { ...standIns.settings, TOKEN_REUSE_SECONDS: "0" });
  const load = await startLoadGenerator();
  try {
    return await load.run({ url: server.url, bodies, concurrency: 64, perSecond, durationMs: LOAD_MS });
  } finally {
    await Promise.all([load.stop(), server.stop(), standIns.stop()]);
  }
}

/** Has one client ask for tokens without a pause, 64 at once. */
export async function benchMintStorm(): Promise<MintStorm> {
  const standIns = await startStandIns({ limits: AZURE_LIMITS });
  const bodies = (await createClients(standIns, 1)).map(({ body }) => body);
  const server = await startServer("service", standIns.settings);
  const load = await startLoadGenerator();
  try {
    const before = await standIns.signatures();
    const storm = { url: server.url, bodies, concurrency: 64, durationMs: STORM_MS };
    const { tokens, others, seconds } = await load.run(storm);
    const signatures = (await standIns.signatures()) - before;
    return { tokens, signatures, others, tokensPerSecond: tokens / seconds };
  } finally {
    await Promise.all([load.stop(), server.stop(), standIns.stop()]);
  }
}
