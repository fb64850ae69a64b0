import { setTimeout as sleep } from "node:timers/promises";
import { decodeProtectedHeader } from "jose";
import { afterEach, describe, expect, test, vi } from "vitest";
import { buildDotnetApi } from "../../local/dotnet-api.ts";
import { createJwksRsaVerifier } from "../../local/verifiers.ts";
import { type KeyTimes, keyTimes } from "../../shared/signing/key-ring.ts";
import { needs, skippedFor } from "../debian.ts";
import {
  type ApiOptions,
  type ProtectedApi,
  startAspNetApi,
  startPythonApi,
  startTypeScriptApi,
} from "../support/protected-api.ts";
import { type Issuer, startIssuer } from "./issuer.ts";

// Real verifiers with their default settings on a virtual clock: a day passes in a second, and every interval is the real one, the
// verifier's as well as the issuer's. Nothing is scaled: only the clock that the libraries read is replaced. docs/keys.md has the
// figures of these tests in its table of verifiers.

const START = Date.parse("2026-03-27T00:00:00Z");
const MINUTE = 60;
const HOUR = 3_600;
const SHIPPED_LEAD = 24 * HOUR;
/** What the start check accepts for a public issuer at least. */
const SHORTEST_LEAD = 46_021;
const LONGEST_TOKEN_LIFE = HOUR;

type Start = (options: ApiOptions) => ProtectedApi | Promise<ProtectedApi>;

const dotnet = await buildDotnetApi();
const aspNet =
  (env: Record<string, string> = {}): Start =>
  (options) =>
    startAspNetApi(dotnet.program ?? "", { ...options, env });

interface Verifier {
  readonly name: string;
  readonly skip: ReturnType<typeof needs>;
  readonly start: Start;
  /** A lead that is shorter than the cache, and whether tokens are refused then. */
  readonly short: { readonly lead: number; readonly every: number; readonly refuses: boolean };
  /** The seconds for which a key set is kept; ASP.NET Core, which has no one number, is looked at below. */
  readonly keeps?: number;
}

const VERIFIERS: Verifier[] = [
  {
    name: "ASP.NET Core JwtBearer",
    skip: skippedFor(dotnet.missing),
    start: aspNet(),
    short: { lead: 12 * HOUR - 10 * MINUTE, every: 5 * MINUTE, refuses: true },
  },
  { name: "jose", skip: {}, start: startTypeScriptApi, short: { lead: 15, every: 1, refuses: true }, keeps: 600 },
  // These two fetch the key set whenever they meet an unknown kid.
  { name: "jwks-rsa", skip: {}, start: startJwksRsaApi, short: { lead: 15, every: 1, refuses: false }, keeps: 600 },
  {
    name: "PyJWKClient",
    skip: needs("python3-jwt", "python3-cryptography"),
    start: startPythonApi,
    short: { lead: 15, every: 1, refuses: false },
    keeps: 300,
  },
];

function startJwksRsaApi({ issuer, audience }: ApiOptions): ProtectedApi {
  const verifier = createJwksRsaVerifier(new URL(`${issuer}/.well-known/jwks.json`), { issuer, audience });
  return {
    async get(authorization = "") {
      const refusal = await verifier.refusal(authorization.replace("Bearer ", ""));
      return refusal === undefined ? { status: 200, clientId: "" } : { status: 401, challenge: refusal };
    },
  };
}

/** One verifier and one issuer on the same clock. */
interface World {
  readonly issuer: Issuer;
  /** Moves the clock to so many seconds after the start. */
  at(seconds: number): Promise<void>;
  accepts(token: string): Promise<boolean>;
}

async function inWorld<T>(start: Start, times: KeyTimes, story: (world: World) => Promise<T>): Promise<T> {
  let time = START;
  const now = () => new Date(time);
  vi.setSystemTime(time);
  vi.spyOn(performance, "now").mockImplementation(() => time);
  const issuer = await startIssuer(times, now);
  const api = await start(issuer);
  try {
    return await story({
      issuer,
      async at(seconds) {
        time = START + seconds * 1_000;
        vi.setSystemTime(time);
        // lru-cache believes a reading of the clock for 1 ms.
        await sleep(2);
      },
      accepts: async (token) => (await api.get(`Bearer ${token}`, now())).status === 200,
    });
  } finally {
    vi.useRealTimers();
    await api.stop?.();
    await issuer.close();
  }
}

interface Rotation {
  readonly times: KeyTimes;
  /** Seconds between two requests to the verifier. */
  readonly every?: number;
  /** For so long after the new key has begun to sign. */
  readonly after?: number;
}

/** Makes a new key at the worst moment, when the verifier has just fetched the key set, and counts the tokens that it refuses. */
function rotate(start: Start, { times, every = 10 * MINUTE, after = HOUR }: Rotation) {
  return inWorld(start, times, async ({ issuer, at, accepts }) => {
    const first = await issuer.token();
    expect(await accepts(first)).toBe(true);
    const kids = [kidOf(first)];
    let refused = 0;
    await at(1);
    issuer.vault.rotate();
    issuer.replaceInstance();
    for (let seconds = 1; seconds <= times.leadMs / 1_000 + after; seconds += every) {
      await at(seconds);
      const token = await issuer.token();
      kids.push(kidOf(token));
      if (!(await accepts(token))) refused += 1;
    }
    return { refused, tokens: kids.length, keys: new Set(kids).size };
  });
}

/** Disables the key right after the verifier has fetched the key set, and returns the seconds for which its tokens are still accepted. */
function measureTrust(start: Start, every: number, upTo: number): Promise<number> {
  return inWorld(start, keyTimes(SHIPPED_LEAD, LONGEST_TOKEN_LIFE), async ({ issuer, at, accepts }) => {
    const token = await issuer.token(30 * HOUR);
    expect(await accepts(token)).toBe(true);
    await at(1);
    issuer.vault.rotate();
    for (const version of issuer.vault.versions.slice(0, -1)) version.enabled = false;
    let trusted = 0;
    for (let seconds = every; seconds <= upTo; seconds += every) {
      await at(seconds);
      if (await accepts(token)) trusted = seconds;
    }
    return trusted;
  });
}

function kidOf(token: string): string | undefined {
  return decodeProtectedHeader(token).kid;
}

vi.setConfig({ testTimeout: 120_000 });
afterEach(() => void vi.restoreAllMocks());

describe.each(VERIFIERS)("$name with its default settings", ({ skip, start, short, keeps }) => {
  test.for([SHIPPED_LEAD, SHORTEST_LEAD])(
    "refuses no token over a rotation at a lead of %i s [check 67]",
    skip,
    async (lead) => {
      const { refused, tokens, keys } = await rotate(start, { times: keyTimes(lead, LONGEST_TOKEN_LIFE) });
      expect({ refused, keys }).toEqual({ refused: 0, keys: 2 });
      expect(tokens).toBeGreaterThan(lead / 600);
    },
  );

  test(`${short.refuses ? "refuses" : "still refuses no"} tokens at a lead of ${short.lead} s`, skip, async () => {
    const { lead, every, refuses } = short;
    const { refused } = await rotate(start, { times: keyTimes(lead, LONGEST_TOKEN_LIFE), every, after: MINUTE });
    expect(refused > 0).toBe(refuses);
  });

  test("refuses tokens of an issuer that signs with a new key immediately", skip, async () => {
    const times = { ...keyTimes(SHIPPED_LEAD, LONGEST_TOKEN_LIFE), leadMs: 0 };
    expect((await rotate(start, { times, every: 10, after: MINUTE })).refused).toBeGreaterThan(0);
  });

  if (keeps === undefined) return;
  test(`trusts a disabled key for ${keeps} s after it fetched the key set`, skip, async () => {
    const every = keeps / 20;
    const trusted = await measureTrust(start, every, 2 * keeps);
    expect(trusted).toBeGreaterThanOrEqual(keeps - every);
    expect(trusted).toBeLessThanOrEqual(keeps);
  });
});

describe("ASP.NET Core JwtBearer", skippedFor(dotnet.missing), () => {
  const times = keyTimes(SHIPPED_LEAD, LONGEST_TOKEN_LIFE);
  const every = 10 * MINUTE;

  test("trusts a disabled key for up to 12 h 36 min, and then for an hour more by its last known good key set", async () => {
    const upTo = 13.5 * HOUR;
    // That hour is one of real time, so that it has no end here.
    expect(await measureTrust(aspNet(), every, upTo)).toBe(upTo);
    const withoutLastKnownGood = await measureTrust(aspNet({ TEST_LAST_KNOWN_GOOD: "false" }), every, upTo);
    expect(withoutLastKnownGood).toBeGreaterThanOrEqual(12 * HOUR - every);
    expect(withoutLastKnownGood).toBeLessThanOrEqual(12.6 * HOUR + every);
  });

  test("trusts a disabled key for ten minutes with the two settings of docs/keys.md", async () => {
    const settings = { TEST_AUTOMATIC_REFRESH: "00:05:00", TEST_LAST_KNOWN_GOOD: "false" };
    expect(await measureTrust(aspNet(settings), MINUTE, HOUR)).toBeLessThanOrEqual(10 * MINUTE);
  });

  /** The answers to two tokens of a new key, after half a day without a request. */
  const afterIdleHours = (start: Start) =>
    inWorld(start, times, async ({ issuer, at, accepts }) => {
      expect(await accepts(await issuer.token())).toBe(true);
      await at(1);
      issuer.vault.rotate();
      issuer.replaceInstance();
      await at(SHIPPED_LEAD + HOUR);
      // A key set that comes from this machine may be there before the token is looked at.
      issuer.slowDown(500);
      const token = await issuer.token();
      return [await accepts(token), await accepts(token)];
    });

  test("refuses the first token of a new key where it had no request in the second half of the lead", async () => {
    expect(await afterIdleHours(aspNet())).toEqual([false, true]);
  });

  test("accepts that token too with the switch UpdateConfigAsBlocking", async () => {
    expect(await afterIdleHours(aspNet({ TEST_BLOCKING: "true" }))).toEqual([true, true]);
  });
});
