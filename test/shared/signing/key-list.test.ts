import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Unavailable } from "../../../shared/request/retry.ts";
import { KeyList } from "../../../shared/signing/key-list.ts";
import { keyTimes } from "../../../shared/signing/key-ring.ts";
import { createClock } from "../../fakes/fake-clock.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** A list whose vault answers what the test says, and a clock that the test moves. */
function createList() {
  const clock = createClock();
  const vault = { reads: 0, answer: async (): Promise<string[]> => ["a"] };
  const read = () => {
    vault.reads += 1;
    return vault.answer();
  };
  return { clock, vault, list: new KeyList(read, keyTimes(86_400, 3_600), clock) };
}

function down(): Promise<never> {
  return Promise.reject(new Unavailable("azure_unavailable"));
}

/** An answer that comes when the test says so. */
function later() {
  const { promise, resolve } = Promise.withResolvers<string[]>();
  return { answer: () => promise, resolve };
}

describe("the list of keys of a vault", () => {
  const log = vi.spyOn(console, "error");
  beforeEach(() => void log.mockReturnValue());
  afterEach(() => void log.mockReset());

  test("is read at first use, once for all who ask together", async () => {
    const { vault, list } = createList();
    expect(list.versions).toBeUndefined();
    await Promise.all([list.upToDate(), list.upToDate()]);
    expect(list.versions).toEqual(["a"]);
    expect(vault.reads).toBe(1);
  });

  test("is read again after four to five minutes, at another moment by every instance", async () => {
    const due: number[] = [];
    for (let instance = 0; instance < 20; instance++) {
      const { clock, vault, list } = createList();
      let minutes = 0;
      for (await list.upToDate(); vault.reads === 1; minutes += 0.05) {
        clock.advance(0.05 * MINUTE);
        await list.upToDate();
      }
      due.push(minutes);
    }
    expect(Math.min(...due)).toBeGreaterThanOrEqual(4);
    expect(Math.max(...due)).toBeLessThan(5.1);
    expect(new Set(due).size).toBeGreaterThan(5);
  });

  test("is read beside the requests as long as it is not older than that", async () => {
    const { clock, vault, list } = createList();
    await list.upToDate();
    clock.advance(5 * MINUTE);
    const { answer, resolve } = later();
    vault.answer = answer;
    await list.upToDate();
    expect(list.versions).toEqual(["a"]);
    resolve(["a", "b"]);
    await list.settled();
    expect(list.versions).toEqual(["a", "b"]);
  });

  test("is waited for after a sleep, so that what was disabled meanwhile is not used [check 28]", async () => {
    const { clock, vault, list } = createList();
    await list.upToDate();
    clock.advance(3 * HOUR);
    vault.answer = async () => ["b"];
    await list.upToDate();
    expect(list.versions).toEqual(["b"]);
  });

  test("is not waited for for ever where there is an old one", async () => {
    const { clock, vault, list } = createList();
    await list.upToDate();
    clock.advance(HOUR);
    vault.answer = later().answer;
    await list.upToDate();
    expect(list.versions).toEqual(["a"]);
  });

  test("is kept through an outage, for a day but for the time that verifiers may keep what was made of it", async () => {
    const { clock, vault, list } = createList();
    await list.upToDate();
    vault.answer = down;
    for (let hours = 0.5; hours < 24; hours += 0.5) {
      clock.advance(HOUR / 2);
      await list.upToDate();
      await list.settled();
      expect(list.versions).toEqual(["a"]);
      expect(list.failing).toBe(true);
    }
    clock.advance(HOUR / 2 - 361_000);
    expect(list.versions).toEqual(["a"]);
    clock.advance(1);
    expect(list.versions).toBeUndefined();

    vault.answer = async () => ["b"];
    await list.upToDate();
    await list.settled();
    expect(list.versions).toEqual(["b"]);
    expect(list.failing).toBe(false);
    expect(log.mock.lastCall?.[0]).toContain('"alarm":"keys_not_listed","reason":"azure_unavailable"');
  });

  test("is asked for every ten seconds in an outage, and nobody waits for it", async () => {
    const { clock, vault, list } = createList();
    await list.upToDate();
    vault.answer = down;
    clock.advance(6 * MINUTE);
    await list.upToDate();
    expect([vault.reads, list.failing]).toEqual([2, true]);
    clock.advance(9_999);
    await list.upToDate();
    expect(vault.reads).toBe(2);
    clock.advance(1);
    vault.answer = later().answer;
    await list.upToDate();
    expect(vault.reads).toBe(3);
  });

  test("is as old as the question, however long the answer took", async () => {
    const { clock, vault, list } = createList();
    const { answer, resolve } = later();
    vault.answer = answer;
    const asked = list.upToDate();
    clock.advance(5_000);
    resolve(["a"]);
    await asked;
    clock.advance(24 * HOUR - 361_000 - 5_000);
    expect(list.versions).toEqual(["a"]);
    clock.advance(1);
    expect(list.versions).toBeUndefined();
  });

  test("can be asked for at once, but not more than once a second", async () => {
    const { clock, vault, list } = createList();
    await list.upToDate();
    await list.refresh();
    expect(vault.reads).toBe(1);
    clock.advance(1_000);
    await Promise.all([list.refresh(), list.refresh()]);
    expect(vault.reads).toBe(2);
  });

  test("counts as old when the clock is set back by hours", async () => {
    const { clock, vault, list } = createList();
    await list.upToDate();
    clock.advance(-3 * HOUR);
    vault.answer = async () => ["b"];
    await list.upToDate();
    expect(list.versions).toEqual(["b"]);
  });
});
