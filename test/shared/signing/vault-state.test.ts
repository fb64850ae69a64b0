import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type RetryPolicy, Unavailable } from "../../../shared/request/retry.ts";
import { keyTimes } from "../../../shared/signing/key-ring.ts";
import { VaultState } from "../../../shared/signing/vault-state.ts";
import { createClock, type FakeClock } from "../../fakes/fake-clock.ts";
import { createFakeSigningVault, type FakeSigningVault, SIGNING_KEY_NAME } from "../../fakes/fake-signing-vault.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let clock: FakeClock;
let vault: FakeSigningVault;
let state: VaultState;
beforeEach(() => {
  clock = createClock();
  vault = createFakeSigningVault(clock.now);
  state = createState();
});

const tryOnce: RetryPolicy = ({ run }, { signal }) => run(signal);

function createState(): VaultState {
  return new VaultState(vault, {
    keyName: SIGNING_KEY_NAME,
    times: keyTimes(86_400, 3_600),
    retry: tryOnce,
    clock,
  });
}

const reads = () => vault.operations.filter(({ name }) => name === "listPropertiesOfKeyVersions").length;

/** How many versions the list in use has. */
const listed = () => state.versions?.length;

/** Lets the vault answer, wait or fail before each list. */
function beforeList(act: () => unknown): void {
  vault.before = ({ name }) => (name === "listPropertiesOfKeyVersions" ? act() : undefined);
}

function down(): never {
  throw new Unavailable("azure_unavailable");
}

describe("the list of key versions of a vault", () => {
  const log = vi.spyOn(console, "error");
  beforeEach(() => void log.mockReturnValue());
  afterEach(() => void log.mockReset());

  test("is read at first use, once for all concurrent requests (single-flight)", async () => {
    expect(state.versions).toBeUndefined();
    await Promise.all([state.refreshIfStale(), state.refreshIfStale()]);
    expect(listed()).toBe(1);
    expect(reads()).toBe(1);
  });

  test("is read again after four to five minutes, at another moment by every instance (jitter)", async () => {
    const due: number[] = [];
    for (let instance = 0; instance < 20; instance++) {
      state = createState();
      const before = reads() + 1;
      let minutes = 0;
      for (await state.refreshIfStale(); reads() === before; minutes += 0.05) {
        clock.advance(0.05 * MINUTE);
        await state.refreshIfStale();
      }
      due.push(minutes);
    }
    expect(Math.min(...due)).toBeGreaterThanOrEqual(4);
    expect(Math.max(...due)).toBeLessThan(5.1);
    expect(new Set(due).size).toBeGreaterThan(5);
  });

  test("is read beside the requests as long as it is not older than that", async () => {
    await state.refreshIfStale();
    clock.advance(5 * MINUTE);
    const { promise, resolve } = Promise.withResolvers<void>();
    beforeList(() => promise);
    vault.rotate();
    await state.refreshIfStale();
    expect(listed()).toBe(1);
    resolve();
    await state.pending;
    expect(listed()).toBe(2);
    expect(state.pending).toBeUndefined();
  });

  test("is waited for after a sleep, so that a version that was disabled meanwhile is not used [check 28]", async () => {
    await state.refreshIfStale();
    clock.advance(3 * HOUR);
    for (const version of vault.versions) version.enabled = false;
    await state.refreshIfStale();
    expect(state.versions).toMatchObject([{ enabled: false }]);
  });

  test("is waited for no longer than a second if there is an older one", async () => {
    await state.refreshIfStale();
    clock.advance(HOUR);
    beforeList(() => new Promise(() => {}));
    await state.refreshIfStale();
    expect(listed()).toBe(1);
  });

  test("is kept through an outage, for a day but for the time that verifiers may keep what was made of it", async () => {
    await state.refreshIfStale();
    beforeList(down);
    for (let hours = 0.5; hours < 24; hours += 0.5) {
      clock.advance(HOUR / 2);
      await state.refreshIfStale();
      await state.pending;
      expect(listed()).toBe(1);
      expect(state.isFailing).toBe(true);
    }
    clock.advance(HOUR / 2 - 361_000);
    expect(listed()).toBe(1);
    clock.advance(1);
    expect(state.versions).toBeUndefined();

    beforeList(() => undefined);
    vault.rotate();
    await state.refreshIfStale();
    await state.pending;
    expect(listed()).toBe(2);
    expect(state.isFailing).toBe(false);
    expect(log.mock.lastCall?.[0]).toContain('"alarm":"keys_not_listed","reason":"azure_unavailable"');
  });

  test("is asked for every ten seconds in an outage, and no request waits for it", async () => {
    await state.refreshIfStale();
    beforeList(down);
    clock.advance(6 * MINUTE);
    await state.refreshIfStale();
    expect([reads(), state.isFailing]).toEqual([2, true]);
    clock.advance(9_999);
    await state.refreshIfStale();
    expect(reads()).toBe(2);
    clock.advance(1);
    beforeList(() => new Promise(() => {}));
    await state.refreshIfStale();
    expect(reads()).toBe(3);
  });

  test("is as old as the question, however long the answer took", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    beforeList(() => promise);
    const asked = state.refreshIfStale();
    clock.advance(5_000);
    resolve();
    await asked;
    clock.advance(24 * HOUR - 361_000 - 5_000);
    expect(listed()).toBe(1);
    clock.advance(1);
    expect(state.versions).toBeUndefined();
  });

  test("can be asked for immediately, but not more than once a second", async () => {
    await state.refreshIfStale();
    await state.refreshNow();
    expect(reads()).toBe(1);
    clock.advance(1_000);
    await Promise.all([state.refreshNow(), state.refreshNow()]);
    expect(reads()).toBe(2);
  });

  test("counts as old when the clock is set back by hours", async () => {
    await state.refreshIfStale();
    clock.advance(-3 * HOUR);
    vault.rotate();
    await state.refreshIfStale();
    expect(listed()).toBe(2);
  });

  test("has an unusable version marked as that, and the key before it loaded in its place", async () => {
    const { getKey } = vault.keys;
    clock.advance(100 * HOUR);
    const odd = vault.rotate();
    clock.advance(100 * HOUR);
    vault.keys.getKey = async (name, options) => {
      const key = await getKey(name, options);
      return options?.version === odd.version ? { ...key, keyType: "EC" } : key;
    };
    await state.refreshIfStale();
    const versions = state.versions?.toSorted((a, b) => a.createdAt - b.createdAt);
    expect(versions).toMatchObject([
      { isUsable: true, enabled: true, signingKey: {} },
      { isUsable: false, enabled: true },
    ]);
    expect(versions?.[1]?.signingKey).toBeUndefined();
  });
});
