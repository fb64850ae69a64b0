import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createRetryPolicy, type RetryPolicy, statusOf, Unavailable } from "../../../shared/request/retry.ts";
import { azureError, connectionReset, tableError } from "../../fakes/azure-error.ts";
import { createClock } from "../../fakes/fake-clock.ts";
import { createContext } from "../../fakes/fake-context.ts";

/** What an operation does at each try in turn: fail with an error, answer, or hang. */
type Try = Error | "answer" | "hang";

function operation(...tries: Try[]) {
  const run = vi.fn(async (_signal: AbortSignal) => {
    const next = tries.shift() ?? "answer";
    if (next instanceof Error) throw next;
    if (next === "hang") await new Promise(() => {});
    return "answer";
  });
  return { name: "table get", run };
}

const at = (status: number, headers?: Record<string, string>) => azureError(status, headers);
const unavailable = (note: string, retryAfterSeconds = 2) =>
  expect.objectContaining({ name: "Unavailable", note, retryAfterSeconds });

const clock = createClock();
let retry: RetryPolicy;
beforeEach(() => {
  retry = createRetryPolicy(clock);
});
afterEach(() => void vi.restoreAllMocks());

describe("a call to Azure", () => {
  test.for([
    ["a broken connection", connectionReset()],
    ["408", at(408)],
    ["429", at(429)],
    ["429 with a short Retry-After", at(429, { "retry-after": "0" })],
    ["429 with a short retry-after-ms", at(429, { "retry-after-ms": "20", "retry-after": "30" })],
    ["500", at(500)],
    ["503", at(503)],
  ] as const)("is tried once more after %s [check 41]", async ([, error]) => {
    const { run, name } = operation(error);
    await expect(retry({ name, run }, createContext())).resolves.toBe("answer");
    expect(run).toHaveBeenCalledTimes(2);
  });

  test("is tried twice at most", async () => {
    const { run, name } = operation(at(503), at(500), at(500));
    await expect(retry({ name, run }, createContext())).rejects.toThrow(unavailable("table get: 500"));
    expect(run).toHaveBeenCalledTimes(2);
  });

  test.for([400, 401, 403, 404, 409, 412])(
    "that is refused with %d is not tried again, and rings an alarm [check 44]",
    async (status) => {
      const { run, name } = operation(at(status));
      const call = createContext();
      await expect(retry({ name, run }, call)).rejects.toThrow(unavailable(`table get: ${status}`));
      expect(run).toHaveBeenCalledTimes(1);
      expect(call.alarms).toEqual([`azure_refused: table get: ${status}`]);
    },
  );

  test("rings no alarm for what may pass", async () => {
    const call = createContext();
    await expect(retry(operation(at(503), at(503)), call)).rejects.toThrow(Unavailable);
    expect(call.alarms).toEqual([]);
  });

  test("throws an expected error as it is, at the first try and the second", async () => {
    const expected = tableError(404, "ResourceNotFound");
    const expect404 = { isAnswer: (error: unknown) => statusOf(error) === 404 };
    await expect(retry({ ...operation(expected), ...expect404 }, createContext())).rejects.toBe(expected);
    await expect(retry({ ...operation(at(503), expected), ...expect404 }, createContext())).rejects.toBe(expected);
  });

  test("that hangs is given up and tried once more, without help of the SDK [check 41]", async () => {
    const { run, name } = operation("hang");
    const answered = retry({ name, run }, createContext());
    clock.advance(2_000);
    await expect(answered).resolves.toBe("answer");
    expect(run.mock.calls[0]?.[0].aborted).toBe(true);

    const hanging = operation("hang", "hang");
    const ended = expect(retry(hanging, createContext())).rejects.toThrow(unavailable("table get: TimeoutError"));
    clock.advance(2_000);
    await expect.poll(() => hanging.run.mock.calls.length).toBe(2);
    clock.advance(2_000);
    await ended;
  });

  test("ends with its request: no other try, no wait", async () => {
    const request = new AbortController();
    const { run, name } = operation("hang");
    const call = retry({ name, run }, createContext(request.signal));
    request.abort();
    await expect(call).rejects.toThrow(Unavailable);
    expect(run).toHaveBeenCalledTimes(1);

    const late = operation();
    await expect(retry(late, createContext(request.signal))).rejects.toThrow(Unavailable);
    expect(late.run).not.toHaveBeenCalled();
  });

  test("ends with its request in the pause between two tries", async () => {
    const request = new AbortController();
    const { run, name } = operation(at(429, { "retry-after": "1" }));
    run.mockImplementationOnce(async () => {
      setImmediate(() => request.abort());
      throw at(429, { "retry-after": "1" });
    });
    await expect(retry({ name, run }, createContext(request.signal))).rejects.toThrow(unavailable("table get: 429", 1));
    expect(run).toHaveBeenCalledTimes(1);
  });
});

describe("Retry-After", () => {
  const date = "Fri, 27 Mar 2026 00:00:00 GMT";
  test.for([
    [{ "retry-after": "7" }, 7],
    [{ "retry-after": "600" }, 60],
    [{ "retry-after": "1.5" }, 2],
    [{ "retry-after-ms": "1001" }, 2],
    [{ "retry-after": "Fri, 27 Mar 2026 00:00:30 GMT", date }, 30],
    [{ "retry-after": "Fri, 27 Mar 2026 02:00:00 GMT", date }, 60],
  ] as const)(
    "of more than a second is passed on, not sat out, and never more than a minute: %j [check 21]",
    async ([headers, seconds]) => {
      const { run, name } = operation(at(429, headers));
      await expect(retry({ name, run }, createContext())).rejects.toThrow(unavailable("table get: 429", seconds));
      expect(run).toHaveBeenCalledTimes(1);
    },
  );

  test.for([{ "retry-after": "soon" }, { "retry-after": "" }, { "retry-after": "Fri, 27 Mar 2026 00:00:30 GMT" }])(
    "that says nothing counts as none: %j",
    async (headers) => {
      const { run, name } = operation(at(429, headers), at(429, headers));
      await expect(retry({ name, run }, createContext())).rejects.toThrow(unavailable("table get: 429", 2));
      expect(run).toHaveBeenCalledTimes(2);
    },
  );

  test.for([
    [0, 1],
    [0.2, 1],
    [61, 60],
    [undefined, 2],
  ])("of %s seconds is told as %d", ([retryAfterSeconds, told]) => {
    expect(new Unavailable("azure_unavailable", { retryAfterSeconds }).retryAfterSeconds).toBe(told);
  });
});

test("in an outage retries add a tenth to the calls, not as many again", async () => {
  const calls = Array.from({ length: 100 }, () => operation(at(503), at(503)));
  await Promise.allSettled(calls.map((call) => retry(call, createContext())));
  const tries = calls.reduce((sum, { run }) => sum + run.mock.calls.length, 0);
  // Ten were saved, and a hundred calls earned ten more but for those earned while all were saved.
  expect(tries).toBeGreaterThanOrEqual(110);
  expect(tries).toBeLessThanOrEqual(120);
});

test.for([
  [tableError(404, "ResourceNotFound"), 404],
  [connectionReset(), undefined],
  [new Error("x"), undefined],
  [{ statusCode: 404 }, undefined],
  [undefined, undefined],
])("the status of %s is %s", ([error, status]) => {
  expect(statusOf(error)).toBe(status);
});
