import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Unavailable } from "../../../shared/request/retry.ts";
import { VaultLoad } from "../../../shared/signing/vault-load.ts";
import { azureError, connectionReset } from "../../fakes/azure-error.ts";

const throttled = (headers?: Record<string, string>) =>
  new Unavailable("azure_unavailable", { cause: azureError(429, headers) });
const reset = () => new Unavailable("azure_unavailable", { cause: connectionReset() });

/** Begins as many requests as there is room for. */
function fill(load: VaultLoad) {
  const ends: ReturnType<VaultLoad["begin"]>[] = [];
  while (load.hasRoom) ends.push(load.begin());
  return ends;
}

/** How many requests fit at once now, all of which are then answered. */
function roundTrip(load: VaultLoad): number {
  const ends = fill(load);
  for (const end of ends) end();
  return ends.length;
}

describe("the load of a vault", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["performance"] }));
  afterEach(() => void vi.useRealTimers());

  test("starts wide, and widens slowly while it is in use, up to an end", () => {
    const load = new VaultLoad();
    expect(roundTrip(load)).toBe(64);
    expect(roundTrip(load)).toBe(64);
    for (let round = 0; round < 1_000; round++) roundTrip(load);
    expect(roundTrip(load)).toBe(256);
  });

  test("does not grow beyond that from answers to a few requests at a time", () => {
    const load = new VaultLoad();
    for (let count = 0; count < 1_000; count++) load.begin()();
    expect(roundTrip(load)).toBe(64);
  });

  test("is one request after a 429 and a pause; then it doubles up to half of what was too much, and creeps from there", () => {
    const load = new VaultLoad();
    const [first, ...others] = fill(load);
    first?.(throttled());
    expect(load.hasRoom).toBe(false);
    for (const end of others) end();
    expect(load.pauseMs).toBeGreaterThan(0);
    vi.advanceTimersByTime(200);
    const widths = Array.from({ length: 20 }, () => roundTrip(load));
    expect(widths.slice(0, 6)).toEqual([1, 2, 4, 8, 16, 32]);
    expect(widths.at(-1)).toBeGreaterThan(32);
    expect(widths.at(-1)).toBeLessThan(45);
  });

  test("takes one 429 of many at once for one: the others say nothing new", () => {
    const load = new VaultLoad();
    const ends = fill(load);
    for (const end of ends) end(throttled());
    expect(load.pauseMs).toBeLessThan(200);
  });

  test("pauses for as long as Retry-After says, a minute at most", () => {
    const load = new VaultLoad();
    load.begin()(throttled({ "retry-after": "7" }));
    expect(load.pauseMs).toBe(7_000);
    vi.advanceTimersByTime(7_000);
    expect(load.hasRoom).toBe(true);
    load.begin()(new Unavailable("azure_unavailable", { cause: azureError(503, { "retry-after": "3600" }) }));
    expect(load.pauseMs).toBe(60_000);
  });

  test("pauses longer each time that it is throttled again, up to some ten seconds, and forgets that with an answer", () => {
    const load = new VaultLoad();
    const pauses: number[] = [];
    for (let count = 0; count < 10; count++) {
      load.begin()(throttled());
      pauses.push(load.pauseMs);
      vi.advanceTimersByTime(load.pauseMs);
    }
    expect(pauses[0]).toBeLessThan(150);
    expect(pauses[4]).toBeGreaterThan(1_000);
    expect(pauses[9]).toBeGreaterThan(7_000);
    expect(pauses[9]).toBeLessThan(13_000);
    load.begin()();
    load.begin()(throttled());
    expect(load.pauseMs).toBeLessThan(150);
  });

  test("does not pause for a failure or two, but for three in a row", () => {
    const load = new VaultLoad();
    for (let count = 0; count < 10; count++) {
      load.begin()(reset());
      load.begin()(reset());
      load.begin()();
    }
    expect(load.pauseMs).toBe(0);
    for (let count = 0; count < 3; count++) load.begin()(reset());
    expect(load.pauseMs).toBeGreaterThan(0);
  });

  test("tells how much of it is in use", () => {
    const load = new VaultLoad();
    expect(load.use).toBe(0);
    const ends = fill(load);
    expect(load.use).toBe(1);
    for (const end of ends.slice(32)) end(reset());
    expect(load.use).toBe(32);
  });
});
