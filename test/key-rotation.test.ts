import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type KeyTimes, keyTimes } from "../shared/signing/key-ring.ts";
import { type RelativeValidity, runWorld, type Scenario, type WorldEvent } from "./rotation-world.ts";

const MAX_SKEW_SECONDS = 60;

/** What may happen to the keys and the instances within a span of seconds. */
function anyChange(lead: number, { refreshMs, keepMs }: KeyTimes, span: number): fc.Arbitrary<WorldEvent[]> {
  const upTo = (seconds: number) => fc.integer({ min: 1, max: Math.ceil(seconds * 10) }).map((tenths) => tenths / 10);
  // From the second after the start, so that no key is made in the same second as the very first.
  const at = upTo(span).map((seconds) => seconds + 1);
  const vault = fc.nat({ max: 5 });
  const outage = fc.oneof(upTo(refreshMs / 500), upTo(lead * 1.5));
  const never = { weight: 2, arbitrary: fc.constant(undefined) };
  const validity: fc.Arbitrary<RelativeValidity> = fc.record({
    nbf: fc.oneof(never, { weight: 2, arbitrary: upTo(lead * 2) }),
    exp: fc.oneof(never, { weight: 3, arbitrary: upTo(lead * 3) }),
  });
  // Most changes are announced for longer than a lead; some come as a surprise, or set an expiry that has passed.
  const announced = upTo(lead * 2).map((seconds) => seconds + lead + 2 * MAX_SKEW_SECONDS);
  const sudden = fc.integer({ min: Math.floor(-lead - keepMs / 500), max: lead });
  const change = fc.oneof(
    { weight: 3, arbitrary: announced.map((exp): RelativeValidity => ({ exp })) },
    { weight: 1, arbitrary: announced.map((nbf): RelativeValidity => ({ nbf })) },
    { weight: 2, arbitrary: sudden.map((exp): RelativeValidity => ({ exp })) },
  );
  const events = {
    rotation: fc.record({ at, vault }).map((when): WorldEvent[] => [{ kind: "rotate", ...when }]),
    limited: fc
      .record({ at, vault, validity })
      .map(({ validity: limits, ...when }): WorldEvent[] => [{ kind: "rotate", ...when, ...limits }]),
    change: fc
      .record({ at, vault, change })
      .map(({ change: limits, ...when }): WorldEvent[] => [{ kind: "change", ...when, ...limits }]),
    // The worst moment for an outage: some instances have listed the new key, and others have not.
    rotationAndOutage: fc
      .record({ at, vault, after: upTo(refreshMs / 1_000), seconds: outage })
      .map(({ after, seconds, ...when }): WorldEvent[] => [
        { kind: "rotate", ...when },
        { kind: "outage", ...when, at: when.at + after, seconds },
      ]),
    outage: fc.record({ at, vault, seconds: outage }).map((when): WorldEvent[] => [{ kind: "outage", ...when }]),
    restart: fc.record({ at, instance: vault }).map((when): WorldEvent[] => [{ kind: "restart", ...when }]),
    scaleFromZero: at.map((when): WorldEvent[] => [{ kind: "scale from zero", at: when }]),
    newVault: fc
      .record({ at, rolloutSeconds: upTo(lead / 3) })
      .map((when): WorldEvent[] => [{ kind: "add vault", ...when }]),
  };
  return fc.oneof(
    { weight: 2, arbitrary: events.rotation },
    { weight: 3, arbitrary: events.limited },
    { weight: 2, arbitrary: events.change },
    { weight: 2, arbitrary: events.rotationAndOutage },
    { weight: 1, arbitrary: events.outage },
    { weight: 1, arbitrary: events.restart },
    { weight: 1, arbitrary: events.scaleFromZero },
    { weight: 1, arbitrary: events.newVault },
  );
}

/** Seconds after the creation of a key at which something about it might go wrong. */
function criticalMoments({ leadMs, keepMs, refreshMs, jwksMaxAgeMs, listKeptMs }: KeyTimes): number[] {
  const [lead, keep, refresh, maxAge, kept] = [
    leadMs / 1_000,
    keepMs / 1_000,
    refreshMs / 1_000,
    jwksMaxAgeMs / 1_000,
    listKeptMs / 1_000,
  ];
  const skew = Math.min(MAX_SKEW_SECONDS, lead / 5);
  const begin = [lead - skew - maxAge, lead - skew - 1, lead - skew, lead - 1, lead, lead + 1, lead + skew + 1];
  return [0, refresh, kept - 1, kept, kept + 1, ...begin, lead + keep - skew, lead + keep, lead + keep + skew];
}

/** Seconds at which something about an `nbf` or `exp` might go wrong, from these on. */
function criticalEdges({ keepMs, leadMs }: KeyTimes): number[] {
  const [keep, lead] = [keepMs / 1_000, leadMs / 1_000];
  const skew = MAX_SKEW_SECONDS;
  return [-lead, -skew - 1, -skew / 2, -1, 0, 1, skew / 2, skew + 1, keep - skew];
}

/** Any world that keeps to the promises: clocks within their bounds, a new vault known everywhere within its key's lead. */
const anyScenario: fc.Arbitrary<Scenario> = fc
  .constantFrom(10, 15, 60, 661, 1_800, 7_200, 86_400, 259_200)
  .chain((lead) => {
    const times = keyTimes(lead, 3_600);
    const span = lead * 3;
    const maxSkew = Math.min(MAX_SKEW_SECONDS, lead / 5);
    const between = (min: number, max: number) => fc.double({ min, max, noNaN: true, noDefaultInfinity: true });
    return fc.record({
      times: fc.constant(times),
      tokenLifeSeconds: fc.integer({ min: 300, max: 3_600 }),
      seed: fc.nat(),
      verifiers: fc.integer({ min: 1, max: 3 }),
      skews: fc.array(between(-maxSkew, maxSkew), { minLength: 1, maxLength: 3 }),
      keyAges: fc.array(between(0, span), { minLength: 1, maxLength: 3 }).map((ages) => ages.sort((a, b) => b - a)),
      changes: fc.array(anyChange(lead, times, span), { minLength: 1, maxLength: 5 }),
      traffic: fc.array(fc.record({ at: fc.nat({ max: span }), instance: fc.nat({ max: 5 }) }), { maxLength: 20 }),
    });
  })
  .map(({ changes, traffic, ...world }) => {
    const newKeys = changes.flat().filter(({ kind }) => kind === "rotate" || kind === "add vault");
    const critical = newKeys.flatMap(({ at }) => criticalMoments(world.times).map((moment) => at + moment));
    const edges = changes.flat().flatMap((event) => {
      const times = event.kind === "rotate" || event.kind === "change" ? [event.nbf, event.exp] : [];
      return times.flatMap((time) => (time === undefined ? [] : event.at + time));
    });
    const around = edges.flatMap((edge) => criticalEdges(world.times).map((moment) => edge + moment));
    const moments = [...critical, ...around].filter((at) => at >= 0);
    const issues = [...traffic, ...moments.map((at, instance) => ({ at, instance }))];
    const events = issues.flatMap(({ at, instance }): WorldEvent[] => [
      { kind: "token", at, instance },
      { kind: "verify", at: at + world.tokenLifeSeconds - 1 },
    ]);
    return { ...world, events: [...changes.flat(), ...events] };
  });

interface Mutation extends Pick<Scenario, "see"> {
  /** Changes the times that the instances keep to. */
  times?: (times: KeyTimes) => Partial<KeyTimes>;
}

/** Runs any scenarios, with a mutation of what the instances do. */
function runScenarios({ times: mutate = () => ({}), see }: Mutation = {}) {
  const sum = { tokens: 0, verifications: 0, early: 0 };
  const property = fc.asyncProperty(anyScenario, async (scenario) => {
    const times = { ...scenario.times, ...mutate(scenario.times) };
    const { violations, tokens, verifications, early } = await runWorld({ ...scenario, times, see });
    sum.tokens += tokens;
    sum.verifications += verifications;
    sum.early += early;
    expect(violations).toEqual([]);
  });
  return { sum, property };
}

vi.setConfig({ testTimeout: 120_000 });
beforeEach(() => void vi.spyOn(console, "error").mockReturnValue());
afterEach(() => void vi.restoreAllMocks());

test("every token verifies at every verifier for its whole life, and one is issued wherever a key can sign, whatever happens to the keys [check 28] [check 66]", async () => {
  const { sum, property } = runScenarios();
  await fc.assert(property, { numRuns: 60 });
  expect(sum.tokens).toBeGreaterThan(500);
  expect(sum.verifications).toBeGreaterThan(sum.tokens * 10);
  // Keys that have to sign early are the exception.
  expect(sum.early).toBeLessThan(sum.tokens / 4);
});

describe("those scenarios would tell of a ring", () => {
  const hasPassed = (time: Date | undefined, now: Date) => time !== undefined && time <= now;
  const mutations: [string, Mutation][] = [
    ["that signs with the newest key at once", { times: () => ({ leadMs: 0 }) }],
    ["that signs as soon as its own list has the key", { times: ({ refreshMs }) => ({ leadMs: refreshMs }) }],
    ["that drops a key once another signs", { times: () => ({ keepMs: 0 }) }],
    ["that keeps a list for a day, whatever the lead", { times: () => ({ listKeptMs: 86_400_000 }) }],
    ["that lets verifiers keep its keys for a lead", { times: ({ leadMs }) => ({ jwksMaxAgeMs: leadMs }) }],
    ["that does not read exp", { see: ({ expiresOn: _, ...version }) => version }],
    ["that does not read nbf", { see: ({ notBefore: _, ...version }) => version }],
    [
      "that takes an expired key for a disabled one",
      {
        see: (version, now) => ({
          ...version,
          enabled: version.enabled === true && !hasPassed(version.expiresOn, now),
        }),
      },
    ],
  ];
  test.for(mutations)("%s", async ([, mutation]) => {
    const { failed } = await fc.check(runScenarios(mutation).property, { numRuns: 500, endOnFailure: true });
    expect(failed).toBe(true);
  });
});
