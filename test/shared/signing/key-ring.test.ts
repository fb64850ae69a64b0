import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type KeyVersion, keyRing, keyTimes, SHORTEST_USUAL_LEAD_SECONDS } from "../../../shared/signing/key-ring.ts";

const HOUR = 3_600_000;
const times = keyTimes(86_400, 3_600);

/** A version that was created so many hours after the start. */
function version(name: string, createdHours: number, { vault = "one", enabled = true } = {}): KeyVersion {
  return { vault, version: name, createdAt: createdHours * HOUR, enabled };
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

test("at every moment each vault has at most one active key, and the ring has one unless nothing is enabled", () => {
  const anyVersion = fc.record({
    vault: fc.constantFrom("one", "two", "three"),
    createdAt: fc.nat({ max: 200 }).map((hours) => hours * HOUR),
    enabled: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(anyVersion, { maxLength: 8 }), fc.integer({ min: 0, max: 400 }), (made, hours) => {
      const versions = made.map((rest, index) => ({ version: String(index), ...rest }));
      const ring = keyRing(versions, hours * HOUR, times, true);
      const active = ring.filter(({ state }) => state === "active").map(({ key }) => key.vault);
      expect(new Set(active).size).toBe(active.length);
      expect(active.length > 0).toBe(versions.some(({ enabled }) => enabled));
    }),
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
