import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, test, vi } from "vitest";
import { createUsageRecorder } from "../../../shared/clients/usage.ts";
import { createClock } from "../../fakes/fake-clock.ts";

function createRecorder() {
  const recordUse = vi.fn(async (_clientId: string, _at: Date) => {});
  const clock = createClock();
  const usage = createUsageRecorder({ recordUse }, clock);
  const written = () => recordUse.mock.calls.map(([clientId, at]) => `${clientId} ${at.toISOString().slice(11, 19)}`);
  return { recordUse, usage, written, use: (clientId: string) => usage.record(clientId, clock.now()), clock };
}

describe("the use of a client", () => {
  test("the use of a client is written after the answer", async () => {
    const { use, written } = createRecorder();
    use("a");
    await Promise.resolve();
    expect(written()).toEqual([]);
    await turn();
    expect(written()).toEqual(["a 00:00:00"]);
  });

  test("the use of a client is written once a minute", async () => {
    const { use, written, clock } = createRecorder();
    for (let second = 0; second <= 120; second++) {
      use("a");
      if (second % 60 === 30) use("b");
      await turn();
      clock.advance(1_000);
    }
    await turn();
    expect(written()).toEqual(["a 00:00:00", "b 00:00:30", "a 00:01:00", "b 00:01:30", "a 00:02:00"]);
  });

  test("a flush writes the pending uses and waits for all writes", async () => {
    const { use, usage, written, recordUse, clock } = createRecorder();
    const { promise, resolve } = Promise.withResolvers<void>();
    recordUse.mockReturnValue(promise);
    use("a");
    use("b");
    clock.advance(59_000);
    use("a");
    let flushed = false;
    const end = usage.flush().then(() => {
      flushed = true;
    });
    await turn();
    await turn();
    expect(written()).toEqual(["a 00:00:59", "b 00:00:00"]);
    expect(flushed).toBe(false);
    resolve();
    await end;
  });

  test("a second flush does not write a use again", async () => {
    const { use, usage, written, clock } = createRecorder();
    use("a");
    clock.advance(1_000);
    use("a");
    await usage.flush();
    await usage.flush();
    expect(written()).toEqual(["a 00:00:01"]);
  });

  test("a flush succeeds when a use cannot be written", async () => {
    const { use, usage, recordUse } = createRecorder();
    recordUse.mockRejectedValue(new Error("down"));
    use("a");
    await expect(usage.flush()).resolves.toBeUndefined();
  });

  test("a flush writes a use whose first write has failed", async () => {
    const { use, usage, recordUse, written } = createRecorder();
    recordUse.mockRejectedValueOnce(new Error("down"));
    use("a");
    await turn();
    await turn();
    await usage.flush();
    expect(written()).toEqual(["a 00:00:00", "a 00:00:00"]);
  });

  test("the recorder of uses evicts the oldest client over its limit", async () => {
    const { use, usage, written } = createRecorder();
    for (let i = 0; i < 10_001; i++) use(`client ${i}`);
    await usage.flush();
    expect(written()).toHaveLength(10_001);
    use("client 10000");
    use("client 0");
    await turn();
    // The recent use is remembered as written; the oldest one is evicted.
    expect(written().slice(10_001)).toEqual(["client 0 00:00:00"]);
  });
});
