import { beforeEach, describe, expect, test } from "vitest";
import { createExpiryAlarms, type ExpiryAlarms } from "../../../shared/signing/key-expiry.ts";
import { type KeyVersion, keyRing, keyTimes } from "../../../shared/signing/key-ring.ts";
import { createContext } from "../../fakes/fake-context.ts";

const DAY = 86_400_000;
const times = keyTimes(86_400, 3_600);

/** A version that was created on a day, and expires on another. */
function version(name: string, createdDay: number, expiryDay = Number.POSITIVE_INFINITY, enabled = true): KeyVersion {
  const createdAt = createdDay * DAY;
  const validity = { notBefore: Number.NEGATIVE_INFINITY, expiresAt: expiryDay * DAY, enabled, isRefused: false };
  return { vault: "https://signing.example", version: name, createdAt, updatedAt: createdAt, ...validity };
}

let raise: ExpiryAlarms;
beforeEach(() => {
  raise = createExpiryAlarms();
});

/** The alarms that a list of versions raises on a day. */
function alarmsOn(day: number, versions: readonly KeyVersion[]): string[] {
  const context = createContext();
  raise(keyRing(versions, day * DAY, times, true), day * DAY, context);
  return context.alarms;
}

const expires = (daysLeft: number) =>
  `signing_key_expires: version a of the signing key in https://signing.example expires at 1970-04-11T00:00:00Z; whole days left: ${daysLeft}`;
const EXPIRED =
  "signing_key_expired: version a of the signing key in https://signing.example expired at 1970-04-11T00:00:00Z, and no other version can sign";

describe("the alarm about the expiry of the signing key [check 66]", () => {
  test("is raised 30, 7 and 1 days ahead and at the end, each time once", () => {
    const versions = [version("a", 0, 100)];
    const raised: [number, string][] = [];
    for (let day = 60; day < 103; day += 0.25) for (const alarm of alarmsOn(day, versions)) raised.push([day, alarm]);
    expect(raised).toEqual([
      [70, expires(30)],
      [93, expires(7)],
      [99, expires(1)],
      [100, EXPIRED],
    ]);
  });

  test("is raised once by an instance that starts late, for the time that is left", () => {
    expect(alarmsOn(95.5, [version("a", 0, 100)])).toEqual([expires(4)]);
    expect(alarmsOn(95.6, [version("a", 0, 100)])).toEqual([]);
  });

  test("is raised again for another expiry of the same version", () => {
    expect(alarmsOn(99.5, [version("a", 0, 100)])).toEqual([expires(0)]);
    expect(alarmsOn(99.6, [version("a", 0, 200)])).toEqual([]);
    expect(alarmsOn(199.5, [version("a", 0, 200)])).toHaveLength(1);
  });

  test("is not raised where a newer version takes over before, its lead over", () => {
    expect(alarmsOn(95, [version("a", 0, 100), version("b", 95)])).toEqual([]);
    expect(alarmsOn(95, [version("a", 0, 100), version("b", 95, 185)])).toEqual([]);
  });

  test.for([
    ["its lead is over only later", version("b", 99.5)],
    ["it expires first", version("b", 98.8, 99.95)],
    ["it is disabled", version("b", 98, undefined, false)],
  ] as const)("is raised where the newer version does not help: %s", ([, newer]) => {
    expect(alarmsOn(99.5, [version("a", 0, 100), newer])).toEqual([expires(0)]);
  });

  test("is raised although an older version could step in", () => {
    expect(alarmsOn(95, [version("old", -50), version("a", 0, 100)])).toEqual([expires(5)]);
  });

  test("is about neither a version that is disabled nor one that was replaced", () => {
    expect(alarmsOn(95, [version("a", 0, 100), version("b", 50)])).toEqual([]);
    expect(alarmsOn(101, [version("a", 0, 100), version("b", 50)])).toEqual([]);
    expect(alarmsOn(101, [version("a", 0, 100, false)])).toEqual([]);
  });
});
