import { getEventListeners } from "node:events";
import { expect, test, vi } from "vitest";
import { withDeadline } from "../../../shared/request/deadline.ts";
import { createClock } from "../../fakes/fake-clock.ts";

const clock = createClock();

const never = () => new Promise<never>(() => {});
const late = expect.objectContaining({ name: "TimeoutError" });

test("work that ends before its deadline leaves no timer and no listener", async () => {
  const outer = new AbortController().signal;
  await expect(withDeadline(clock, 1_000, async () => "done", outer)).resolves.toBe("done");
  await expect(withDeadline(clock, 1_000, () => Promise.reject(new Error("failed")), outer)).rejects.toThrow("failed");
  expect(clock.pending).toBe(0);
  expect(getEventListeners(outer, "abort")).toEqual([]);
});

test("work that exceeds its deadline is aborted and no longer awaited", async () => {
  const work = vi.fn((_signal: AbortSignal) => never());
  const result = expect(withDeadline(clock, 1_000, work)).rejects.toEqual(late);
  clock.advance(999);
  expect(work.mock.calls[0]?.[0].aborted).toBe(false);
  clock.advance(1);
  expect(work.mock.calls[0]?.[0].reason).toEqual(late);
  await result;
});

test("work with a deadline rejects with its own error when it fails", async () => {
  const work = (signal: AbortSignal) =>
    new Promise<never>((_resolve, reject) => {
      signal.addEventListener("abort", () => reject(new Error("the body did not come")));
    });
  const result = expect(withDeadline(clock, 1_000, work)).rejects.toThrow("the body did not come");
  clock.advance(1_000);
  await result;
});

test("work with a deadline ends with the outer signal and does not begin after it", async () => {
  const outer = new AbortController();
  const result = expect(withDeadline(clock, 1_000, never, outer.signal)).rejects.toThrow("the caller has gone");
  outer.abort(new Error("the caller has gone"));
  await result;
  expect(clock.pending).toBe(0);

  const work = vi.fn(never);
  await expect(withDeadline(clock, 1_000, work, outer.signal)).rejects.toThrow("the caller has gone");
  expect(work).not.toHaveBeenCalled();
});
