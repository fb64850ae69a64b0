import { beforeEach, describe, expect, test } from "vitest";
import { Unavailable } from "../../../shared/request/retry.ts";
import { VaultLimiter } from "../../../shared/signing/vault-limiter.ts";
import { azureError, connectionReset } from "../../fakes/azure-error.ts";
import { createClock, type FakeClock } from "../../fakes/fake-clock.ts";

const throttled = (headers?: Record<string, string>) =>
  new Unavailable("azure_unavailable", { cause: azureError(429, headers) });
const reset = () => new Unavailable("azure_unavailable", { cause: connectionReset() });

let clock: FakeClock;
let limiter: VaultLimiter;
let onRoomCalls: number;
beforeEach(() => {
  clock = createClock();
  limiter = new VaultLimiter(clock);
  onRoomCalls = 0;
});

const acquire = () => limiter.acquire(() => void onRoomCalls++);

/** Makes as many calls as there is room for. */
function fill() {
  const releases: ReturnType<VaultLimiter["acquire"]>[] = [];
  while (limiter.room > 0) releases.push(acquire());
  return releases;
}

/** Makes as many calls as there is room for, all of which succeed. */
function roundTrip(): number {
  const releases = fill();
  for (const release of releases) release();
  return releases.length;
}

describe("the concurrency limiter of a vault", () => {
  test("lets 128 calls go concurrently, and no more however many succeed", () => {
    for (let round = 0; round < 5; round++) expect(roundTrip()).toBe(128);
  });

  test("lets one call go after a pause, and twice as many after each round of successes (slow start)", () => {
    const [first, ...others] = fill();
    first?.(throttled());
    for (const release of others) release();
    expect(limiter.room).toBe(0);
    clock.advance(200);
    expect(Array.from({ length: 9 }, roundTrip)).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 128]);
  });

  test("takes many 429 of concurrent calls for one: the others say nothing new", () => {
    for (const release of fill()) release(throttled());
    expect(limiter.pauseMs).toBeGreaterThan(0);
    expect(limiter.pauseMs).toBeLessThan(200);
  });

  test("pauses for the time of Retry-After, a minute at most", () => {
    acquire()(throttled({ "retry-after": "7" }));
    expect(limiter.pauseMs).toBe(7_000);
    clock.advance(6_999);
    expect(limiter.room).toBe(0);
    clock.advance(1);
    expect(limiter.room).toBe(1);
    acquire()(new Unavailable("azure_unavailable", { cause: azureError(503, { "retry-after": "3600" }) }));
    expect(limiter.pauseMs).toBe(60_000);
  });

  test("doubles the pause each time it is throttled again, up to some ten seconds, until a success (exponential backoff)", () => {
    const pauses: number[] = [];
    for (let count = 0; count < 10; count++) {
      acquire()(throttled());
      pauses.push(limiter.pauseMs);
      clock.advance(limiter.pauseMs);
    }
    for (const [count, pauseMs] of pauses.entries()) {
      const backoffMs = Math.min(100 * 2 ** count, 10_000);
      expect(pauseMs).toBeGreaterThanOrEqual(backoffMs * 0.75);
      expect(pauseMs).toBeLessThanOrEqual(backoffMs * 1.25);
    }
    acquire()();
    acquire()(throttled());
    expect(limiter.pauseMs).toBeLessThan(150);
  });

  test("spreads the pauses of instances that are throttled together (jitter)", () => {
    const pauses = Array.from({ length: 20 }, () => {
      const other = new VaultLimiter(clock);
      other.acquire(() => {})(throttled());
      return other.pauseMs;
    });
    expect(new Set(pauses).size).toBeGreaterThan(10);
  });

  test("does not pause for a failure or two, but for three in a row", () => {
    for (let count = 0; count < 10; count++) {
      acquire()(reset());
      acquire()(reset());
      acquire()();
    }
    expect(limiter.pauseMs).toBe(0);
    for (let count = 0; count < 3; count++) acquire()(reset());
    expect(limiter.pauseMs).toBeGreaterThan(0);
  });

  test("tells when there may be room again: after a call and after a pause", () => {
    acquire()();
    expect(onRoomCalls).toBe(1);
    acquire()(throttled());
    expect(onRoomCalls).toBe(2);
    clock.advance(200);
    expect(onRoomCalls).toBe(3);
  });

  test("ends a pause in its time although the clock was set back meanwhile", () => {
    acquire()(throttled({ "retry-after": "7" }));
    clock.skip(-3_600_000);
    clock.advance(3_607_000);
    expect(limiter.room).toBe(1);
  });

  test("tells which share of the window is free", () => {
    expect(limiter.room).toBe(1);
    const releases = fill();
    expect(limiter.room).toBe(0);
    for (const release of releases.slice(32)) release();
    expect(limiter.room).toBe(0.75);
  });
});
