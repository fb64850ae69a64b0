import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  AzureRefused,
  createRetryPolicy,
  type RetryPolicy,
  statusOf,
  Unavailable,
} from "../../../shared/request/retry.ts";
import { azureError, connectionReset, tableError } from "../../fakes/azure-error.ts";
import { createClock } from "../../fakes/fake-clock.ts";
import { createContext } from "../../fakes/fake-context.ts";

/** The result of one try of an operation: an error, an answer, or a hang. */
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
  ] as const)("retries a call to Azure once after %s [check 41]", async ([, error]) => {
    const { run, name } = operation(error);
    await expect(retry({ name, run }, createContext())).resolves.toBe("answer");
    expect(run).toHaveBeenCalledTimes(2);
  });

  test("tries a call to Azure twice at most", async () => {
    const { run, name } = operation(at(503), at(500), at(500));
    await expect(retry({ name, run }, createContext())).rejects.toThrow(unavailable("table get: 500"));
    expect(run).toHaveBeenCalledTimes(2);
  });

  test.for([400, 401, 403, 404, 409, 412])(
    "raises an alarm and does not retry after a refusal with %d [check 44]",
    async (status) => {
      const { run, name } = operation(at(status));
      const context = createContext();
      const refused = await retry({ name, run }, context).catch((error) => error);
      expect(refused).toBeInstanceOf(AzureRefused);
      expect(refused).toMatchObject({ note: `table get: ${status}`, retryAfterSeconds: undefined });
      expect(run).toHaveBeenCalledTimes(1);
      expect(context.alarms).toEqual([expect.stringContaining(`azure_refused: table get: ${status}. `)]);
    },
  );

  test("takes a refusal of the second try for no definite one: the first may have been applied [check 49]", async () => {
    const context = createContext();
    const { run, name } = operation(at(503), at(403));
    const error = await retry({ name, run }, context).catch((thrown) => thrown);
    expect(error).toEqual(unavailable("table get: 503"));
    expect(error).not.toBeInstanceOf(AzureRefused);
    expect(context.alarms).toHaveLength(1);
  });

  test("raises no alarm for a transient error", async () => {
    const context = createContext();
    await expect(retry(operation(at(503), at(503)), context)).rejects.toThrow(Unavailable);
    expect(context.alarms).toEqual([]);
  });

  test("rethrows an error that is an answer unchanged, at the first and the second try", async () => {
    const expected = tableError(404, "ResourceNotFound");
    const expect404 = { isAnswer: (error: unknown) => statusOf(error) === 404 };
    await expect(retry({ ...operation(expected), ...expect404 }, createContext())).rejects.toBe(expected);
    await expect(retry({ ...operation(at(503), expected), ...expect404 }, createContext())).rejects.toBe(expected);
  });

  test("aborts a call that hangs and retries it, without support of the SDK [check 41]", async () => {
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

  test("stops a call to Azure with its request, without a retry or a pause", async () => {
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

  test("stops a call to Azure with its request in the pause between two tries", async () => {
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
    "passes on a Retry-After of more than a second without waiting, a minute at most: %j [check 21]",
    async ([headers, seconds]) => {
      const { run, name } = operation(at(429, headers));
      await expect(retry({ name, run }, createContext())).rejects.toThrow(unavailable("table get: 429", seconds));
      expect(run).toHaveBeenCalledTimes(1);
    },
  );

  test.for([{ "retry-after": "soon" }, { "retry-after": "" }, { "retry-after": "Fri, 27 Mar 2026 00:00:30 GMT" }])(
    "ignores an invalid Retry-After: %j",
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
  ])("answers a Retry-After of %s seconds as %d", ([retryAfterSeconds, told]) => {
    expect(new Unavailable("azure_unavailable", { retryAfterSeconds }).retryAfterSeconds).toBe(told);
  });
});

test("retries add a tenth to the calls in an outage", async () => {
  const calls = Array.from({ length: 100 }, () => operation(at(503), at(503)));
  await Promise.allSettled(calls.map((call) => retry(call, createContext())));
  const tries = calls.reduce((sum, { run }) => sum + run.mock.calls.length, 0);
  // The budget starts with ten retries. A hundred calls earn up to ten more; a full budget earns none.
  expect(tries).toBeGreaterThanOrEqual(110);
  expect(tries).toBeLessThanOrEqual(120);
});

test.for([
  [tableError(404, "ResourceNotFound"), 404],
  [connectionReset(), undefined],
  [new Error("x"), undefined],
  [{ statusCode: 404 }, undefined],
  [undefined, undefined],
])("the HTTP status of the error %s is %s", ([error, status]) => {
  expect(statusOf(error)).toBe(status);
});
