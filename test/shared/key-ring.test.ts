import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type KeyRules, type KeyVersion, keyRing } from "../../shared/key-ring.ts";

const HOUR = 3_600_000;
const rules: KeyRules = { leadMs: 24 * HOUR, keepMs: 3 * HOUR };

/** A version that was created so many hours after the start. */
function version(name: string, createdHours: number, { vault = "one", enabled = true } = {}): KeyVersion {
  return { vault, version: name, createdAt: createdHours * HOUR, enabled };
}

function at(hours: number, versions: readonly KeyVersion[]) {
  const { signing, published } = keyRing(versions, hours * HOUR, rules);
  const names = (list: readonly KeyVersion[]) => list.map((key) => key.version).sort();
  return { signing: names(signing), published: names(published) };
}

describe("the key ring", () => {
  test("without a version is empty", () => {
    expect(at(0, [])).toEqual({ signing: [], published: [] });
  });

  test("signs with the very first version at once", () => {
    expect(at(0, [version("a", 0)])).toEqual({ signing: ["a"], published: ["a"] });
  });

  test.for([
    [100, ["a"], ["a", "b"], "a new version is published before it signs"],
    [123.9, ["a"], ["a", "b"], "until its lead is over"],
    [124, ["b"], ["a", "b"], "then it signs, and the old one stays published"],
    [126.9, ["b"], ["a", "b"], "for as long as its tokens may live"],
    [127, ["b"], ["b"], "and is gone after that"],
  ] as const)(
    "%d hours after the start, with a rotation at 100: signs with %j, shows %j: %s [check 28]",
    ([hours, signing, published]) => {
      expect(at(hours, [version("a", 0), version("b", 100)])).toEqual({ signing, published });
    },
  );

  test("keeps signing with the first version through two rotations in a row [check 28]", () => {
    const versions = [version("a", 0), version("b", 100), version("c", 101)];
    expect(at(101, versions)).toEqual({ signing: ["a"], published: ["a", "b", "c"] });
    expect(at(124.5, versions)).toEqual({ signing: ["b"], published: ["a", "b", "c"] });
    expect(at(127.5, versions)).toEqual({ signing: ["c"], published: ["b", "c"] });
    expect(at(128, versions)).toEqual({ signing: ["c"], published: ["c"] });
  });

  test("has one signing version in each vault, and shows those of all", () => {
    const versions = [version("a", 0), version("x", 0, { vault: "two" }), version("y", 100, { vault: "two" })];
    expect(at(110, versions)).toEqual({ signing: ["a", "x"], published: ["a", "x", "y"] });
    expect(at(130, versions)).toEqual({ signing: ["a", "y"], published: ["a", "y"] });
  });

  test("publishes the key of a vault that is added later before it signs", () => {
    const versions = [version("a", 0), version("x", 100, { vault: "two" })];
    expect(at(101, versions)).toEqual({ signing: ["a"], published: ["a", "x"] });
    expect(at(124, versions)).toEqual({ signing: ["a", "x"], published: ["a", "x"] });
  });

  test("leaves out disabled versions, and falls back to the one before", () => {
    const versions = [version("a", 0), version("b", 100, { enabled: false })];
    expect(at(200, versions)).toEqual({ signing: ["a"], published: ["a"] });
  });

  test("settles a tie within a second alike in any order of the list", () => {
    const tie = [version("a", 0), version("b", 0), version("c", 0)];
    expect(at(1, tie)).toEqual(at(1, tie.toReversed()));
    expect(at(1, tie).signing).toHaveLength(1);
  });
});

test("every token verifies for its whole life with any key set fetched in the hour before or since [check 28]", () => {
  const minute = 60_000;
  const lifeMinutes = 60;
  const cacheMinutes = 60;
  const quick: KeyRules = { leadMs: cacheMinutes * minute, keepMs: lifeMinutes * minute };
  const created = fc.record({ at: fc.nat({ max: 300 }), vault: fc.constantFrom("one", "two", "three") });

  fc.assert(
    fc.property(fc.array(created, { minLength: 1, maxLength: 6 }), fc.nat({ max: 500 }), (made, signedAt) => {
      const versions = made.map(({ at: createdAt, vault }, index) => ({
        vault,
        version: String(index),
        createdAt: createdAt * minute,
        enabled: true,
      }));
      const first = Math.min(...versions.map(({ createdAt }) => createdAt));
      const ringAt = (time: number) => {
        const listed = versions.filter(({ createdAt }) => createdAt <= time * minute);
        return keyRing(listed, time * minute, quick);
      };
      for (const { version: signer } of ringAt(signedAt).signing) {
        for (let fetched = signedAt - cacheMinutes; fetched < signedAt + lifeMinutes; fetched++) {
          if (fetched * minute < first) continue;
          expect(ringAt(fetched).published.map((key) => key.version)).toContain(signer);
        }
      }
    }),
  );
});
