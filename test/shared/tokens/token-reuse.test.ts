import { beforeEach, describe, expect, test } from "vitest";
import { type ReuseRules, TokenReuse } from "../../../shared/tokens/token-reuse.ts";
import { createClock, type FakeClock } from "../../fakes/fake-clock.ts";

const usual = { burst: 10, perSecond: 1, seconds: 10 };
const refusal = { name: "OAuthError", status: 503, outcome: "refused", reason: "client_over_allowance" };

let clock: FakeClock;
let signed: number;
beforeEach(() => {
  clock = createClock();
  signed = 0;
});

/** Makes what asks for a token of a client, `a` if not said otherwise, for a scope set. */
function createAsker(rules: ReuseRules = usual, isCurrent = (_token: string) => true) {
  const reuse = new TokenReuse<string>(rules, isCurrent, clock);
  return async (set = "all", clientId = "a"): Promise<string> => {
    const sign = async () => `${clientId} ${set} ${++signed}`;
    return reuse.signOrReuse(clientId, `${clientId} ${set}`, sign).signing;
  };
}

/** Asks many times; returns the distinct tokens. */
async function flood(ask: ReturnType<typeof createAsker>, count: number, set?: string): Promise<Set<string>> {
  return new Set(await Promise.all(Array.from({ length: count }, () => ask(set))));
}

describe("the re-use of tokens", () => {
  test("gives the last token again beyond a burst of ten", async () => {
    const ask = createAsker();
    const tokens: string[] = [];
    for (let count = 0; count < 13; count++) tokens.push(await ask());
    expect(new Set(tokens).size).toBe(10);
    expect(tokens.slice(9)).toEqual(Array(4).fill("a all 10"));
  });

  test("gives a token that is still being signed", async () => {
    const tokens = await flood(createAsker(), 100);
    expect(tokens.size).toBe(10);
  });

  test("allows a new token each second in the long run", async () => {
    const ask = createAsker();
    for (let tenths = 0; tenths < 1_000; tenths++) {
      await ask();
      clock.advance(100);
    }
    expect(signed).toBe(10 + 99);
  });

  test("signs each token of a client that asks once a second", async () => {
    const ask = createAsker();
    for (let count = 0; count < 200; count++) {
      await ask();
      clock.advance(1_000);
    }
    expect(signed).toBe(200);
  });

  test("allows the whole burst again after a rest", async () => {
    const ask = createAsker();
    await flood(ask, 100);
    clock.advance(10_000);
    expect((await flood(ask, 15)).size).toBe(10);
  });

  test("counts the new tokens of all scope sets of a client together, and refuses the client before it signs", async () => {
    const ask = createAsker();
    for (let count = 0; count < 20; count++) await ask(`set ${count}`);
    await expect(ask("set 20")).rejects.toMatchObject({ ...refusal, retryAfterSeconds: 1 });
    expect(signed).toBe(20);
    await expect(ask("set 19")).resolves.toBe("a set 19 20");
    clock.advance(1_000);
    await expect(ask("set 20")).resolves.toBe("a set 20 21");
    await expect(ask("set 21")).rejects.toMatchObject(refusal);
  });

  test("never refuses a burst for one scope set, nor a first token for nine others meanwhile", async () => {
    const ask = createAsker();
    for (let seconds = 0; seconds < 60; seconds++) {
      await flood(ask, 50);
      for (let set = 0; set < 9; set++) await ask(`set ${set}`);
      clock.advance(1_000);
    }
    expect(signed).toBeLessThanOrEqual(20 + 60);
  });

  test("says how long it takes until the client may have a new token", async () => {
    const ask = createAsker({ burst: 1, perSecond: 0.1, seconds: 10 });
    await ask("one");
    await ask("two");
    clock.advance(2_500);
    await expect(ask("three")).rejects.toMatchObject({ ...refusal, retryAfterSeconds: 8 });
  });

  test("allows whole tokens whatever the rate", async () => {
    for (const perSecond of [3, 7, 13, 999]) {
      expect((await flood(createAsker({ ...usual, perSecond }), 30)).size).toBe(10);
    }
  });

  test("gives no token again that is older than ten seconds", async () => {
    const ask = createAsker({ burst: 1, perSecond: 0.01, seconds: 10 });
    await expect(ask()).resolves.toBe("a all 1");
    clock.advance(10_000);
    await expect(ask()).resolves.toBe("a all 1");
    clock.advance(1);
    await expect(ask()).resolves.toBe("a all 2");
  });

  test("gives no token again whose time lies ahead, after the clock was set back", async () => {
    const ask = createAsker({ burst: 1, perSecond: 0.01, seconds: 10 });
    await expect(ask()).resolves.toBe("a all 1");
    clock.skip(-60_000);
    await expect(ask()).resolves.toBe("a all 2");
  });

  test("takes nothing of the allowance where the clock is set back, and refills it from there", async () => {
    const ask = createAsker();
    await flood(ask, 20);
    clock.skip(-3 * 3_600_000);
    expect((await flood(ask, 20)).size).toBe(1);
    clock.advance(1_000);
    expect((await flood(ask, 20)).size).toBe(1);
  });

  test("gives no token again that is not current any more", async () => {
    const ask = createAsker({ ...usual, burst: 1 }, (token) => token !== "a all 1");
    await expect(ask()).resolves.toBe("a all 1");
    await expect(ask()).resolves.toBe("a all 2");
    await expect(ask()).resolves.toBe("a all 2");
  });

  test("keeps clients apart", async () => {
    const ask = createAsker({ ...usual, burst: 1 });
    const tokens = [await ask("all", "a"), await ask("all", "b"), await ask("all", "a"), await ask("all", "b")];
    expect(tokens).toEqual(["a all 1", "b all 2", "a all 1", "b all 2"]);
  });

  test.for(["burst", "perSecond", "seconds"])("is off if %s is 0", async (name) => {
    const tokens = await flood(createAsker({ ...usual, [name]: 0 }), 100);
    expect(tokens.size).toBe(100);
  });

  test("forgets a signature that failed, and no later one", async () => {
    const reuse = new TokenReuse<string>({ ...usual, burst: 2 }, () => true, clock);
    const ask = (sign: () => Promise<string>) => reuse.signOrReuse("a", "a all", sign).signing;
    const failed = ask(() => Promise.reject(new Error("no signature")));
    const good = ask(async () => "good");
    await expect(failed).rejects.toThrow("no signature");
    await good;
    await expect(ask(async () => "new")).resolves.toBe("good");
    const last = new TokenReuse<string>({ ...usual, burst: 1 }, () => true, clock);
    await expect(
      last.signOrReuse("a", "a all", () => Promise.reject(new Error("no signature"))).signing,
    ).rejects.toThrow();
    await expect(last.signOrReuse("a", "a all", async () => "new").signing).resolves.toBe("new");
  });

  test("holds ten thousand clients and tokens, and evicts the oldest", async () => {
    const ask = createAsker({ ...usual, burst: 1 });
    await ask("all", "first");
    for (let count = 0; count < 9_999; count++) await ask("all", `other ${count}`);
    await expect(ask("all", "first")).resolves.toBe("first all 1");
    await ask("all", "one more");
    await expect(ask("all", "first")).resolves.not.toBe("first all 1");
  });
});
