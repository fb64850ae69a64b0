import { describe, expect, test, vi } from "vitest";
import { Memo } from "../../../shared/request/memo.ts";
import { createClock } from "../../fakes/fake-clock.ts";

function createCache(maxAgeMs = 10 * 60_000) {
  const read = async (key: string) => `hash of ${key}`;
  const clock = createClock();
  const reads = vi.fn(read);
  const memo = new Memo<string>({ maxEntries: 10_000, maxAgeMs }, clock);
  return { clock, reads, cache: { get: (key: string) => memo.get(key, () => reads(key)) } };
}

describe("a memo", () => {
  test("a memo loads a value once for concurrent and later callers [check 54]", async () => {
    const { cache, reads } = createCache();
    const hashes = await Promise.all(Array.from({ length: 50 }, () => cache.get("a")));
    expect(new Set(hashes)).toEqual(new Set(["hash of a"]));
    await expect(cache.get("a")).resolves.toBe("hash of a");
    await expect(cache.get("b")).resolves.toBe("hash of b");
    expect(reads.mock.calls.map(([secretName]) => secretName)).toEqual(["a", "b"]);
  });

  test("a memo loads a value again after its age and not before", async () => {
    const { cache, clock, reads } = createCache();
    await cache.get("a");
    clock.advance(10 * 60_000 - 1);
    await cache.get("a");
    expect(reads).toHaveBeenCalledTimes(1);
    clock.advance(1);
    await cache.get("a");
    expect(reads).toHaveBeenCalledTimes(2);
  });

  test("a memo rejects all callers of a failed load and does not keep it", async () => {
    const { cache, reads } = createCache();
    reads.mockRejectedValueOnce(new Error("down"));
    const failed = await Promise.allSettled([cache.get("a"), cache.get("a")]);
    expect(failed.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    await expect(cache.get("a")).resolves.toBe("hash of a");
    expect(reads).toHaveBeenCalledTimes(2);
  });

  test("a memo keeps the newer load when an older one fails late", async () => {
    const { cache, clock, reads } = createCache();
    const { promise, reject } = Promise.withResolvers<string>();
    reads.mockReturnValueOnce(promise);
    const late = cache.get("a");
    clock.advance(10 * 60_000);
    await cache.get("a");
    reject(new Error("down"));
    await expect(late).rejects.toThrow("down");
    await cache.get("a");
    expect(reads).toHaveBeenCalledTimes(2);
  });

  test("a memo evicts the oldest entry beyond its limit", async () => {
    const { cache, reads } = createCache();
    for (let i = 0; i <= 10_000; i++) await cache.get(`secret ${i}`);
    reads.mockClear();
    await cache.get("secret 1");
    await cache.get("secret 10000");
    expect(reads).not.toHaveBeenCalled();
    await cache.get("secret 0");
    expect(reads).toHaveBeenCalledTimes(1);
  });

  test("a memo without an age shares a load in flight and keeps no value", async () => {
    const { cache, reads } = createCache(0);
    await Promise.all([cache.get("a"), cache.get("a")]);
    expect(reads).toHaveBeenCalledTimes(1);
    await cache.get("a");
    expect(reads).toHaveBeenCalledTimes(2);
    reads.mockRejectedValueOnce(new Error("down"));
    await expect(cache.get("a")).rejects.toThrow("down");
    await expect(cache.get("a")).resolves.toBe("hash of a");
  });
});
