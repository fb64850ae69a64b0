import { beforeEach, describe, expect, test } from "vitest";
import { Unavailable } from "../../../shared/request/retry.ts";
import { FairQueue } from "../../../shared/signing/fair-queue.ts";
import { VaultLimiter } from "../../../shared/signing/vault-limiter.ts";
import { azureError } from "../../fakes/azure-error.ts";
import { createClock, type FakeClock } from "../../fakes/fake-clock.ts";

interface Vault {
  name: string;
  limiter: VaultLimiter;
}

const throttled = (headers?: Record<string, string>) =>
  new Unavailable("azure_unavailable", { cause: azureError(429, headers) });

let clock: FakeClock;
let queue: FairQueue<Vault>;
beforeEach(() => {
  clock = createClock();
  queue = new FairQueue(clock);
});

const createVault = (name = "one"): Vault => ({ name, limiter: new VaultLimiter(clock) });

function acquire(clientId: string, vaults: readonly Vault[], signal = new AbortController().signal) {
  return queue.acquire({ clientId, vaults, maxWaitMs: 2_000, signal });
}

async function throttle(vault: Vault, headers?: Record<string, string>): Promise<void> {
  const { release } = await acquire("any", [vault]);
  release(throttled(headers));
}

/** Makes a vault take one call at a time for now. */
async function narrow(vault: Vault): Promise<void> {
  await throttle(vault);
  clock.advance(150);
}

const settle = () => new Promise(setImmediate);

describe("the queue for room in the vaults", () => {
  test("lets vaults that are equally free take turns", async () => {
    const vaults = [createVault("one"), createVault("two"), createVault("three")];
    const names: string[] = [];
    for (let count = 0; count < 6; count++) {
      const { vault, release } = await acquire("client", vaults);
      names.push(vault.name);
      release();
    }
    expect(names.slice(0, 3).toSorted()).toEqual(["one", "three", "two"]);
    expect(names.slice(3)).toEqual(names.slice(0, 3));
  });

  test("gives each vault its share, which grows with the successes of the vault", async () => {
    const [wide, small] = [createVault("wide"), createVault("small")];
    await narrow(small);
    const shareOfSmall = async () => {
      const rooms = await Promise.all(Array.from({ length: 40 }, () => acquire("client", [wide, small])));
      for (const { release } of rooms) release();
      return rooms.filter(({ vault }) => vault === small).length;
    };
    const shares: number[] = [];
    for (let round = 0; round < 12; round++) shares.push(await shareOfSmall());
    expect(shares[0]).toBe(1);
    expect(shares.at(-1)).toBeGreaterThanOrEqual(10);
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
  });

  test("serves waiting clients round-robin, and the requests of one client in their order", async () => {
    const vault = createVault();
    await narrow(vault);
    const order: string[] = [];
    const ask = async (clientId: string, name: string) => {
      const { release } = await acquire(clientId, [vault]);
      order.push(name);
      release();
    };
    const { release } = await acquire("greedy", [vault]);
    const all = [1, 2, 3].map((count) => ask("greedy", `greedy ${count}`));
    all.push(ask("quiet", "quiet 1"), ask("quiet", "quiet 2"), ask("another", "another 1"));
    release();
    await Promise.all(all);
    expect(order).toEqual(["greedy 1", "quiet 1", "another 1", "greedy 2", "quiet 2", "greedy 3"]);
  });

  test("serves a request that may go to another vault than the one that others wait for", async () => {
    const [one, two] = [createVault("one"), createVault("two")];
    await narrow(one);
    await acquire("first", [one]);
    void acquire("waits", [one]).catch(() => {});
    await expect(acquire("other", [one, two])).resolves.toMatchObject({ vault: { name: "two" } });
  });

  test("serves a waiting request as soon as a pause is over", async () => {
    const vault = createVault();
    await throttle(vault, { "retry-after-ms": "400" });
    let isServed = false;
    const waiting = acquire("client", [vault]).then(() => {
      isServed = true;
    });
    clock.advance(399);
    await settle();
    expect(isServed).toBe(false);
    clock.advance(1);
    await waiting;
  });

  test("refuses immediately if all vaults pause for long, with the seconds until the first is back", async () => {
    const [one, two] = [createVault("one"), createVault("two")];
    await throttle(one, { "retry-after": "20" });
    await throttle(two, { "retry-after": "7" });
    const refusal = { name: "Unavailable", reason: "signing_vaults_busy", retryAfterSeconds: 7 };
    await expect(acquire("client", [one, two])).rejects.toMatchObject(refusal);
  });

  test("refuses a request that has waited for its longest time", async () => {
    const vault = createVault();
    await narrow(vault);
    await acquire("client", [vault]);
    const waiting = acquire("client", [vault]);
    let isRefused = false;
    waiting.catch(() => {
      isRefused = true;
    });
    clock.advance(1_999);
    await settle();
    expect(isRefused).toBe(false);
    clock.advance(1);
    await expect(waiting).rejects.toMatchObject({ name: "Unavailable", retryAfterSeconds: 2 });
  });

  test("gives no room to a request whose deadline has passed, be it before or while it waits", async () => {
    const vault = createVault();
    await narrow(vault);
    const { release } = await acquire("client", [vault]);
    const controller = new AbortController();
    const waiting = expect(acquire("client", [vault], controller.signal)).rejects.toMatchObject({
      name: "Unavailable",
    });
    controller.abort();
    await waiting;
    await expect(acquire("client", [vault], controller.signal)).rejects.toMatchObject({ name: "Unavailable" });
    release();
    expect(vault.limiter.room).toBe(1);
    expect(clock.pending).toBe(0);
  });

  test("loses no room where a request is served in the moment in which its wait is over", async () => {
    const vault = createVault();
    await narrow(vault);
    const { release } = await acquire("client", [vault]);
    const waiting = acquire("client", [vault]);
    clock.advance(2_000);
    release();
    const room = await waiting;
    room.release();
    expect(vault.limiter.room).toBe(1);
  });
});
