import { describe, expect, test, vi } from "vitest";
import { HashCache } from "../../../shared/clients/hash-cache.ts";
import { createClock } from "../../fakes/fake-clock.ts";

function createCache(read = async (secretName: string) => `hash of ${secretName}`) {
  const clock = createClock();
  const reads = vi.fn(read);
  return { clock, reads, cache: new HashCache(reads, clock) };
}

describe("the cache of hashes", () => {
  test("reads a hash once for requests that miss together, and not for later ones [check 54]", async () => {
    const { cache, reads } = createCache();
    const hashes = await Promise.all(Array.from({ length: 50 }, () => cache.get("a")));
    expect(new Set(hashes)).toEqual(new Set(["hash of a"]));
    await expect(cache.get("a")).resolves.toBe("hash of a");
    await expect(cache.get("b")).resolves.toBe("hash of b");
    expect(reads.mock.calls.map(([secretName]) => secretName)).toEqual(["a", "b"]);
  });

  test("reads again after ten minutes, and not before", async () => {
    const { cache, clock, reads } = createCache();
    await cache.get("a");
    clock.advance(10 * 60_000 - 1);
    await cache.get("a");
    expect(reads).toHaveBeenCalledTimes(1);
    clock.advance(1);
    await cache.get("a");
    expect(reads).toHaveBeenCalledTimes(2);
  });

  test("forgets a read that failed, for all that waited for it", async () => {
    const { cache, reads } = createCache();
    reads.mockRejectedValueOnce(new Error("down"));
    const failed = await Promise.allSettled([cache.get("a"), cache.get("a")]);
    expect(failed.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    await expect(cache.get("a")).resolves.toBe("hash of a");
    expect(reads).toHaveBeenCalledTimes(2);
  });

  test("keeps the newer read when an older one fails late", async () => {
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

  test("holds ten thousand hashes, and lets the oldest go first", async () => {
    const { cache, reads } = createCache();
    for (let i = 0; i <= 10_000; i++) await cache.get(`secret ${i}`);
    reads.mockClear();
    await cache.get("secret 1");
    await cache.get("secret 10000");
    expect(reads).not.toHaveBeenCalled();
    await cache.get("secret 0");
    expect(reads).toHaveBeenCalledTimes(1);
  });
});
