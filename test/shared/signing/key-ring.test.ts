import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  canSign,
  type KeyVersion,
  keyRing,
  keyTimes,
  SHORTEST_USUAL_LEAD_SECONDS,
} from "../../../shared/signing/key-ring.ts";

const HOUR = 3_600_000;
const SECOND = 1 / 3_600;
const times = keyTimes(86_400, 3_600);

/** A version that was created so many hours after the start; all its times are such hours. */
function version(
  name: string,
  created: number,
  {
    vault = "one",
    enabled = true,
    nbf = Number.NEGATIVE_INFINITY,
    exp = Number.POSITIVE_INFINITY,
    updated = created,
  } = {},
): KeyVersion {
  return {
    vault,
    version: name,
    createdAt: created * HOUR,
    updatedAt: updated * HOUR,
    enabled,
    notBefore: nbf * HOUR,
    expiresAt: exp * HOUR,
    isRefused: false,
  };
}

function at(hours: number, versions: readonly KeyVersion[], allVaultsListed = true) {
  const ring = keyRing(versions, hours * HOUR, times, allVaultsListed);
  return Object.fromEntries(ring.map(({ key, state }) => [key.version, state]));
}

describe("the key ring", () => {
  test("without a version is empty", () => {
    expect(at(0, [])).toEqual({});
  });

  test("signs with the very first version immediately, even by a clock that is behind the vault's", () => {
    expect(at(0, [version("a", 0)])).toEqual({ a: "active" });
    expect(at(-0.01, [version("a", 0)])).toEqual({ a: "active" });
  });

  test.for([
    [100, "active", "next", "a new version is published before it signs"],
    [123.9, "active", "next", "until its lead is over"],
    [124, "retiring", "active", "then it signs, and the old one stays published"],
    [126.9, "retiring", "active", "for as long as its tokens may live"],
    [127, "expired", "active", "and has expired after that"],
  ] as const)(
    "%d hours after the start, with a rotation at 100, has the old key %s and the new one %s: %s [check 28]",
    ([hours, a, b]) => {
      expect(at(hours, [version("a", 0), version("b", 100)])).toEqual({ a, b });
    },
  );

  test("takes two rotations inside one lead one after the other [check 28]", () => {
    const versions = [version("a", 0), version("b", 100), version("c", 101)];
    expect(at(101, versions)).toEqual({ a: "active", b: "next", c: "next" });
    expect(at(124.5, versions)).toEqual({ a: "retiring", b: "active", c: "next" });
    expect(at(125, versions)).toEqual({ a: "retiring", b: "retiring", c: "active" });
    expect(at(127, versions)).toEqual({ a: "expired", b: "retiring", c: "active" });
    expect(at(128, versions)).toEqual({ a: "expired", b: "expired", c: "active" });
  });

  test("keeps the vaults apart: each has its own active key, from its own lead on", () => {
    const versions = [version("a", 0), version("x", 1, { vault: "two" }), version("y", 100, { vault: "two" })];
    expect(at(1, versions)).toEqual({ a: "active", x: "next", y: "next" });
    expect(at(110, versions)).toEqual({ a: "active", x: "active", y: "next" });
    expect(at(124, versions)).toEqual({ a: "active", x: "retiring", y: "active" });
  });

  test("publishes the key of a vault that is added later before it signs", () => {
    const versions = [version("a", 0), version("x", 100, { vault: "two" })];
    expect(at(101, versions)).toEqual({ a: "active", x: "next" });
    expect(at(124, versions)).toEqual({ a: "active", x: "active" });
  });

  test("calls no version the oldest while a vault is not listed: its key may be the older one", () => {
    expect(at(101, [version("x", 100, { vault: "two" })], false)).toEqual({ x: "next" });
    expect(at(124, [version("x", 100, { vault: "two" })], false)).toEqual({ x: "active" });
  });

  test("takes the keys that two vaults got in the same second for equally old: both sign immediately", () => {
    const versions = [version("a", 0), version("b", 0, { vault: "two" })];
    expect(at(1, versions)).toEqual({ a: "active", b: "active" });
  });

  test("settles a tie within a second alike in any order of the list", () => {
    const tie = [version("a", 0), version("c", 100), version("b", 100)];
    expect(at(124, tie)).toEqual({ a: "retiring", b: "retiring", c: "active" });
    expect(at(124, tie.toReversed())).toEqual(at(124, tie));
  });

  test("says since when and from when", () => {
    const ring = keyRing([version("a", 0), version("b", 100)], 101 * HOUR, times, true);
    expect(ring.map(({ key, activeFrom }) => [key.version, activeFrom / HOUR])).toEqual([
      ["b", 124],
      ["a", 0],
    ]);
  });
});

describe("a version that is disabled", () => {
  test("has expired immediately, whatever its state was", () => {
    for (const hours of [100, 124, 127]) {
      expect(at(hours, [version("a", 0), version("b", 100, { enabled: false })])).toEqual({
        a: "active",
        b: "expired",
      });
    }
    expect(at(124, [version("a", 0, { enabled: false }), version("b", 100)])).toEqual({ a: "expired", b: "active" });
  });

  test("leaves its place to the one before it", () => {
    const versions = [version("a", 0), version("b", 100, { enabled: false }), version("c", 200)];
    expect(at(201, versions)).toEqual({ a: "active", b: "expired", c: "next" });
  });

  test("leaves its place to the next one, before its lead is over, where there is no other: an emergency", () => {
    const versions = [version("a", 0, { enabled: false }), version("b", 100), version("c", 101)];
    expect(at(101, versions)).toEqual({ a: "expired", b: "active", c: "next" });
  });

  test("leaves its place to the key of another vault", () => {
    const versions = [version("a", 0, { enabled: false }), version("b", 100), version("x", 1, { vault: "two" })];
    expect(at(101, versions)).toEqual({ a: "expired", b: "next", x: "active" });
  });
});

test.for([
  ["from its nbf on", 10, true],
  ["not before its nbf", 10 - SECOND, false],
  ["until its exp", 20 - SECOND, true],
  ["not from its exp on", 20, false],
] as const)("a vault signs with a version %s", ([, hours, expected]) => {
  const key = version("a", 0, { nbf: 10, exp: 20 });
  expect(canSign(key, hours * HOUR)).toBe(expected);
  expect(canSign({ ...key, enabled: false }, hours * HOUR)).toBe(false);
});

describe("a version with an expiry [check 66]", () => {
  test("that no other one replaces signs to its end, and is published for the tokens that it signed", () => {
    const alone = [version("a", 0, { exp: 100 })];
    expect(at(100 - SECOND, alone)).toEqual({ a: "active" });
    expect(at(100.1, alone)).toEqual({ a: "retiring" });
    expect(at(103 - SECOND, alone)).toEqual({ a: "retiring" });
    expect(at(103, alone)).toEqual({ a: "expired" });
  });

  test("is replaced immediately by a version that is made after its end", () => {
    const versions = [version("a", 0, { exp: 100 }), version("b", 101)];
    expect(at(101, versions)).toEqual({ a: "retiring", b: "active" });
    expect(at(130, versions)).toEqual({ a: "expired", b: "active" });
  });

  test("signs to its end where the lead of the next one is over later, which then signs early", () => {
    const versions = [version("a", 0, { exp: 100 }), version("b", 90), version("c", 91)];
    expect(at(100 - SECOND, versions)).toEqual({ a: "active", b: "next", c: "next" });
    expect(at(100, versions)).toEqual({ a: "retiring", b: "active", c: "next" });
  });

  test("hands over to the key of another vault, and the next one of its own keeps its lead", () => {
    const versions = [version("a", 0, { exp: 100 }), version("x", 1, { vault: "two" }), version("b", 90)];
    expect(at(100, versions)).toEqual({ a: "retiring", x: "active", b: "next" });
    expect(at(114, versions)).toEqual({ a: "expired", x: "active", b: "active" });
  });

  test("neither ends the one before it nor signs, if it expires before its lead is over", () => {
    const versions = [version("a", 0), version("b", 100, { exp: 110 })];
    expect(at(101, versions)).toEqual({ a: "active", b: "next" });
    for (const hours of [110, 124, 130]) expect(at(hours, versions)).toMatchObject({ a: "active" });
    expect(at(113, versions)).toEqual({ a: "active", b: "expired" });
  });

  test("is followed by the older one that is left, which is published a lead ahead", () => {
    const versions = [version("a", 0), version("b", 100, { exp: 300 })];
    expect(at(276 - SECOND, versions)).toEqual({ a: "expired", b: "active" });
    expect(at(276, versions)).toEqual({ a: "next", b: "active" });
    expect(keyRing(versions, 276 * HOUR, times, true).at(-1)?.activeFrom).toBe(300 * HOUR);
    expect(at(300, versions)).toEqual({ a: "active", b: "retiring" });
    expect(at(303, versions)).toEqual({ a: "active", b: "expired" });
  });

  test("stays published for its last token, although the one that replaced it is the oldest from its end on", () => {
    const versions = [version("a", 0, { exp: 24.5 }), version("b", 0.1)];
    expect(at(24.2, versions)).toEqual({ a: "retiring", b: "active" });
    expect(at(27, versions)).toEqual({ a: "retiring", b: "active" });
    expect(at(27.1, versions)).toEqual({ a: "expired", b: "active" });
  });

  test("that was set to a time in the past is published for what it signed until then", () => {
    const versions = [version("a", 0, { exp: 50, updated: 100 })];
    expect(at(100, versions)).toEqual({ a: "retiring" });
    expect(at(103 - SECOND, versions)).toEqual({ a: "retiring" });
    expect(at(103, versions)).toEqual({ a: "expired" });
  });

  test("that was replaced long ago stays unpublished when its attributes change", () => {
    expect(at(200, [version("a", 0, { exp: 150, updated: 199 }), version("b", 100)])).toEqual({
      a: "expired",
      b: "active",
    });
  });

  test("that ended is not replaced early while a vault is not listed: its key may be older", () => {
    const versions = [version("a", 0, { exp: 100 }), version("b", 101)];
    expect(at(101.5, versions, false)).toEqual({ a: "retiring", b: "next" });
  });
});

describe("a version with an nbf [check 66]", () => {
  test("is published from its creation, and signs from its nbf on", () => {
    const versions = [version("a", 0), version("b", 100, { nbf: 200 })];
    expect(at(130, versions)).toEqual({ a: "active", b: "next" });
    expect(keyRing(versions, 130 * HOUR, times, true)[0]?.activeFrom).toBe(200 * HOUR);
    expect(at(200, versions)).toEqual({ a: "retiring", b: "active" });
    expect(at(203, versions)).toEqual({ a: "expired", b: "active" });
  });

  test("that was set later is published for what it signed before, although a newer one signs when it comes", () => {
    const versions = [version("a", 0, { nbf: 100.6, updated: 100 }), version("b", 76.5)];
    expect(at(100.7, versions)).toEqual({ a: "retiring", b: "active" });
  });

  test("does not sign before it where another one can, though that is in its lead", () => {
    const versions = [version("a", 0, { nbf: 200 }), version("b", 100)];
    expect(at(100, versions)).toEqual({ a: "next", b: "active" });
  });
});

describe("within the clock difference of 60 s around an expiry or nbf", () => {
  test("a version that cannot sign by this clock is tried if no other one can", () => {
    const expired = [version("a", 0, { exp: 100 })];
    expect(at(100 + 59 * SECOND, expired)).toEqual({ a: "active" });
    expect(at(100 + 61 * SECOND, expired)).toEqual({ a: "retiring" });
    const early = [version("a", 0, { nbf: 100 })];
    expect(at(100 - 61 * SECOND, early)).toEqual({ a: "next" });
    expect(at(100 - 59 * SECOND, early)).toEqual({ a: "active" });
  });

  test("a version that its vault refused gives way, and stays published", () => {
    const refused = { ...version("a", 0, { exp: 100 }), isRefused: true };
    expect(at(100 - SECOND, [refused])).toEqual({ a: "retiring" });
    expect(at(100 - SECOND, [refused, version("b", 99)])).toEqual({ a: "retiring", b: "active" });
  });

  test("it is not tried if another one can", () => {
    const versions = [version("a", 0, { exp: 100 }), version("b", 99.9)];
    expect(at(100 + SECOND, versions)).toEqual({ a: "retiring", b: "active" });
  });
});

/** Any versions in three vaults, with times in whole hours. */
const anyVersions = fc
  .array(
    fc.record({
      vault: fc.constantFrom("one", "two", "three"),
      created: fc.nat({ max: 200 }),
      enabled: fc.boolean(),
      nbf: fc.oneof(fc.constant(Number.NEGATIVE_INFINITY), fc.nat({ max: 300 })),
      exp: fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.nat({ max: 400 })),
    }),
    { maxLength: 8 },
  )
  .map((made) => made.map(({ created, ...rest }, index) => version(String(index), created, rest)));
const anyHour = fc.integer({ min: 0, max: 450 });
const isPublished = (versions: readonly KeyVersion[], hours: number, name: string) =>
  at(hours, versions)[name] !== "expired";

test("at every moment each vault has at most one active key, and the ring has one wherever a version can sign [check 66]", () => {
  fc.assert(
    fc.property(anyVersions, anyHour, (versions, hours) => {
      const now = hours * HOUR;
      const ring = keyRing(versions, now, times, true);
      const active = ring.filter(({ state }) => state === "active").map(({ key }) => key);
      expect(new Set(active.map(({ vault }) => vault)).size).toBe(active.length);
      const someCan = versions.some((key) => canSign(key, now));
      if (someCan) expect(active.every((key) => canSign(key, now)) && active.length > 0).toBe(true);
      else expect(active.every((key) => key.expiresAt === now)).toBe(true);
    }),
  );
});

test("an active version is published for as long as its tokens live, and before it for its lead or since its creation [check 66]", () => {
  fc.assert(
    fc.property(anyVersions, anyHour, fc.double({ min: -24, max: 1, noNaN: true }), (versions, hours, distance) => {
      const active = versions.filter(({ version: name }) => at(hours, versions)[name] === "active");
      for (const { version: name, createdAt } of active) {
        if (createdAt <= (hours + distance) * HOUR) {
          expect(isPublished(versions, hours + distance, name)).toBe(true);
        }
      }
    }),
    { numRuns: 1_000 },
  );
});

describe("the times of a key ring", () => {
  test("are the usual ones with the usual lead", () => {
    expect(keyTimes(86_400, 3_600)).toEqual({
      leadMs: 24 * HOUR,
      keepMs: 3 * HOUR,
      refreshMs: 300_000,
      jwksMaxAgeMs: 300_000,
      listKeptMs: 24 * HOUR - 361_000,
    });
    expect(keyTimes(7 * 86_400, 3_600).listKeptMs).toBe(24 * HOUR);
  });

  test("follow a lead of seconds, as for a demonstration", () => {
    expect(keyTimes(15, 3_600)).toEqual({
      leadMs: 15_000,
      keepMs: 3 * HOUR,
      refreshMs: 3_000,
      jwksMaxAgeMs: 3_000,
      listKeptMs: 8_000,
    });
  });

  test("keep the oldest list and the oldest key set made from it within any lead", () => {
    fc.assert(
      fc.property(fc.integer({ min: 10, max: 2_592_000 }), (leadSeconds) => {
        const { leadMs, refreshMs, jwksMaxAgeMs, listKeptMs } = keyTimes(leadSeconds, 3_600);
        const usual = leadSeconds > SHORTEST_USUAL_LEAD_SECONDS;
        expect(jwksMaxAgeMs % 1_000).toBe(0);
        expect(jwksMaxAgeMs).toBeGreaterThan(0);
        expect(listKeptMs).toBeGreaterThan(refreshMs);
        expect(leadMs - listKeptMs - jwksMaxAgeMs).toBeGreaterThan(usual ? 60_000 : 1_000);
      }),
    );
  });
});
