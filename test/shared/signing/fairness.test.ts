import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { SCOPES, type Scope } from "../../../shared/model/scopes.ts";
import { createRetryPolicy } from "../../../shared/request/retry.ts";
import { keyTimes } from "../../../shared/signing/key-ring.ts";
import { createSigner } from "../../../shared/signing/signer.ts";
import { createSignedTokens } from "../../../shared/tokens/signed-tokens.ts";
import type { ReuseRules } from "../../../shared/tokens/token-reuse.ts";
import { azureError } from "../../fakes/azure-error.ts";
import { createClock, type FakeClock } from "../../fakes/fake-clock.ts";
import { createContext } from "../../fakes/fake-context.ts";
import { createFakeSigningVault, SIGNING_KEY_NAME } from "../../fakes/fake-signing-vault.ts";

/** What all vaults sign together. The well-behaved clients need nine signatures a second of it. */
const QUOTA_PER_SECOND = 15;
const SIGNATURE_MS = 15;
const CLIENTS = 10;
const PERIOD_MS = 1_100;
const GREEDY_REQUESTS_AT_ONCE = 32;
const ROUND_TRIP_MS = 10;
const SIMULATED_MS = 20_000;
const STEP_MS = 5;
const DAY_MS = 24 * 3_600_000;

const usualReuse: ReuseRules = { burst: 10, perSecond: 1, seconds: 10 };

interface Limits {
  vaults: number;
  /** A vault counts its calls anew every so many seconds; Key Vault: every ten. */
  windowSeconds: number;
  /** Whether a vault says with its 429 when it counts anew. */
  saysRetryAfter: boolean;
}

interface Situation extends Limits {
  reuse: ReuseRules;
  /** The scopes of the n-th request of the greedy client. */
  greedyScopes(count: number): readonly Scope[];
}

interface Counts {
  tokens: number;
  refused: number;
}

/** Every scope set there is. */
const allScopeSets = Array.from({ length: 2 ** SCOPES.length - 1 }, (_, index) =>
  SCOPES.filter((_scope, bit) => ((index + 1) >> bit) % 2 === 1),
);

/** Makes a vault that answers 429 above its part of the quota. */
function createLimitedVault(clock: FakeClock, index: number, { vaults, windowSeconds, saysRetryAfter }: Limits) {
  const vault = createFakeSigningVault(clock.now, `https://signing-${index}.example`);
  const quota = (QUOTA_PER_SECOND * windowSeconds) / vaults;
  let signatures = 0;
  let windowEnd = 0;
  vault.before = async ({ name }) => {
    if (name !== "signData") return;
    const seconds = clock.now().getTime() / 1_000;
    if (seconds >= windowEnd) [signatures, windowEnd] = [0, Math.floor(seconds) + windowSeconds];
    const headers = saysRetryAfter ? { "retry-after": String(Math.ceil(windowEnd - seconds)) } : undefined;
    const isOverQuota = signatures >= quota;
    if (!isOverQuota) signatures += 1;
    await new Promise<void>((resolve) => void clock.after(SIGNATURE_MS, resolve));
    if (isOverQuota) throw azureError(429, headers);
  };
  return vault;
}

/** Lets ten clients ask now and then, and one as fast as it can; counts what the ten get. */
async function simulate({ reuse, greedyScopes, ...limits }: Situation) {
  const clock = createClock();
  const vaults = Array.from({ length: limits.vaults }, (_, index) => createLimitedVault(clock, index, limits));
  clock.advance(2 * DAY_MS);
  const retry = createRetryPolicy(clock);
  const times = keyTimes(86_400, 3_600);
  const signer = createSigner({ vaults, keyName: SIGNING_KEY_NAME, times, retry, clock });
  await signer.jwks();
  const settings = {
    tokenIssuer: "https://auth.example",
    tokenAudience: "https://api.example",
    tokenLifetimeSeconds: 1_800,
    tokenReuse: reuse,
  };
  const issuer = createSignedTokens(settings, signer, clock);
  const ask = async (counts: Counts, clientId: string, scopes: readonly Scope[]) => {
    try {
      await issuer.tokenFor({ clientId, secretName: "client-secret-1" }, scopes, createContext());
      counts.tokens += 1;
    } catch {
      counts.refused += 1;
    }
  };
  const greedy = { tokens: 0, refused: 0 };
  const others = { tokens: 0, refused: 0 };

  const askForEver = async (): Promise<void> => {
    await ask(greedy, "socmate-greedy-abc123", greedyScopes(greedy.tokens + greedy.refused));
    clock.after(ROUND_TRIP_MS, () => void askForEver());
  };
  const askNowAndThen = (clientId: string) => {
    void ask(others, clientId, SCOPES);
    clock.after(PERIOD_MS, () => askNowAndThen(clientId));
  };
  for (let count = 0; count < GREEDY_REQUESTS_AT_ONCE; count++) void askForEver();
  for (let index = 0; index < CLIENTS; index++) {
    clock.after((PERIOD_MS * index) / CLIENTS, () => askNowAndThen(`socmate-client-${index}`));
  }
  for (let time = 0; time < SIMULATED_MS; time += STEP_MS) {
    clock.advance(STEP_MS);
    await new Promise(setImmediate);
  }
  return others;
}

const limits = [1, 3].flatMap((vaults) =>
  [1, 10].flatMap((windowSeconds) =>
    [true, false].map((saysRetryAfter): Limits => ({ vaults, windowSeconds, saysRetryAfter })),
  ),
);

describe("at the quota of the vaults, ten well-behaved clients get 99 % of their tokens beside one that asks as fast as it can", () => {
  beforeEach(() => void vi.spyOn(console, "error").mockReturnValue());
  afterEach(() => void vi.restoreAllMocks());

  const expectFair = async (situation: Situation) => {
    const others = await simulate(situation);
    expect(others.tokens + others.refused).toBeGreaterThan(170);
    expect(others.tokens / (others.tokens + others.refused)).toBeGreaterThanOrEqual(0.99);
  };
  const name = "$vaults vault(s) with a quota per $windowSeconds s, with Retry-After: $saysRetryAfter";

  test.for(limits)(`for one scope set: ${name} [check 73]`, async (limit) => {
    await expectFair({ ...limit, reuse: usualReuse, greedyScopes: () => SCOPES });
  });

  test.for(limits)(`for all scope sets in turn: ${name} [check 73]`, async (limit) => {
    await expectFair({ ...limit, reuse: usualReuse, greedyScopes: (count) => allScopeSets[count % 31] ?? SCOPES });
  });

  // A vault whose quota is used up for seconds signs for nobody: then only the allowance of each client helps.
  test.for(limits.filter(({ windowSeconds }) => windowSeconds === 1))(
    `with token re-use off: ${name}`,
    async (limit) => {
      await expectFair({ ...limit, reuse: { ...usualReuse, seconds: 0 }, greedyScopes: () => SCOPES });
    },
  );
});
