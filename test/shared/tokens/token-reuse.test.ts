import { describe, expect, test } from "vitest";
import { TokenReuse } from "../../../shared/tokens/token-reuse.ts";

const usual = { burst: 10, perSecond: 1, seconds: 10 };

/** Asks for a value at a time in seconds, and makes a new one if that is due: answers which it got. */
function createAsker(rules = usual) {
  const cache = new TokenReuse<string>(rules);
  let made = 0;
  return (seconds: number, key = "client"): string => {
    const last = cache.take(key, seconds * 1_000);
    if (last !== undefined) return last;
    const value = `${key} ${++made}`;
    cache.put(key, seconds * 1_000, value);
    return value;
  };
}

describe("the mint cache", () => {
  test("gives out the last one again beyond a burst of ten", () => {
    const ask = createAsker();
    const answers = Array.from({ length: 13 }, () => ask(0));
    expect(new Set(answers).size).toBe(10);
    expect(answers.slice(9)).toEqual(Array(4).fill("client 10"));
  });

  test("allows a new one each second in the long run", () => {
    const ask = createAsker();
    const answers = Array.from({ length: 1_000 }, (_, index) => ask(index / 10));
    expect(new Set(answers).size).toBe(10 + 99);
  });

  test("never interferes with a client that asks once a second", () => {
    const ask = createAsker();
    const answers = Array.from({ length: 200 }, (_, index) => ask(index));
    expect(new Set(answers).size).toBe(200);
  });

  test("allows the whole burst again after a rest", () => {
    const ask = createAsker();
    for (let count = 0; count < 100; count++) ask(0);
    const answers = Array.from({ length: 15 }, () => ask(10));
    expect(new Set(answers).size).toBe(10);
  });

  test("gives nothing out that is older than ten seconds", () => {
    const ask = createAsker({ burst: 1, perSecond: 0.01, seconds: 10 });
    expect(ask(0)).toBe("client 1");
    expect(ask(10)).toBe("client 1");
    expect(ask(10.001)).toBe("client 2");
  });

  test("gives nothing out that the clock says is yet to be made", () => {
    const ask = createAsker({ burst: 1, perSecond: 0.01, seconds: 10 });
    expect(ask(100)).toBe("client 1");
    expect(ask(40)).toBe("client 2");
  });

  test("keeps keys apart", () => {
    const ask = createAsker({ burst: 1, perSecond: 1, seconds: 10 });
    expect([ask(0, "a"), ask(0, "b"), ask(0, "a"), ask(0, "b")]).toEqual(["a 1", "b 2", "a 1", "b 2"]);
  });

  test.for(["burst", "perSecond", "seconds"])("is off when %s is 0", (name) => {
    const ask = createAsker({ ...usual, [name]: 0 });
    const answers = Array.from({ length: 100 }, () => ask(0));
    expect(new Set(answers).size).toBe(100);
  });

  test("forgets what came to nothing", () => {
    const cache = new TokenReuse<string>({ ...usual, burst: 1 });
    cache.take("client", 0);
    cache.put("client", 0, "failed");
    cache.drop("client", "another");
    expect(cache.take("client", 0)).toBe("failed");
    cache.drop("client", "failed");
    expect(cache.take("client", 0)).toBeUndefined();
  });

  test("holds ten thousand keys, and drops the one that was not used for longest", () => {
    const ask = createAsker({ ...usual, burst: 1 });
    ask(0, "busy");
    ask(0, "idle");
    for (let count = 0; count < 9_999; count++) {
      ask(0, "busy");
      ask(0, `other ${count}`);
    }
    expect(ask(0, "busy")).toBe("busy 1");
    expect(ask(0, "idle")).not.toBe("idle 2");
  });
});
