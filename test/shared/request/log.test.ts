import { describe, expect, test } from "vitest";
import { logLine, traceOf } from "../../../shared/request/log.ts";

function lineOf(
  fields: Record<string, string | number | undefined>,
  level: "info" | "warn" | "error" = "info",
): string {
  const lines: string[] = [];
  const refuse = () => {
    throw new Error("another level was asked for");
  };
  logLine(
    { info: refuse, warn: refuse, error: refuse, [level]: (line: string) => lines.push(line) },
    level,
    new Date(),
    fields,
  );
  expect(lines).toHaveLength(1);
  return lines[0] ?? "";
}

describe("a log line", () => {
  test("a log line is one JSON object with time and level first and without undefined fields [check 60]", () => {
    const line = lineOf({ event: "token", actor: undefined, status: 200 }, "warn");
    expect(line).toMatch(/^\{"time":"\d{4}-\d\d-\d\dT[\d:.]+Z","level":"warn","event":"token","status":200\}$/);
  });

  test.for([
    "\n",
    "\r\n",
    "\u2028",
    "\u2029",
    "\u0085",
    "\u007f",
    "\u009b31m",
    "\u001b[31m",
    "\0",
    "\v",
    "\f",
    "\ud83d",
  ])("a log line stays one line with %j in a field and preserves the value [check 60]", (text) => {
    const line = lineOf({ reason: `a${text}{"level":"info"}` });
    expect(line).toMatch(/^[\x20-\x7e\u00a0-\u2027\u202a-\ud7ff]+$/);
    expect(JSON.parse(line)).toMatchObject({ reason: `a${text}{"level":"info"}` });
  });
});

describe("the trace of an error", () => {
  test("the trace of an error has its name and position, not its message [check 59]", () => {
    const trace = traceOf(new TypeError("canary\n    canary at line two"));
    expect(trace).toMatch(/^TypeError at .*log\.test\.ts/);
    expect(trace).not.toContain("canary");
    expect(trace).not.toContain("\n");
  });

  test.for([["canary"], [null], [undefined], [{ message: "canary" }]])(
    "the trace of the thrown value %j has its type alone",
    ([thrown]) => {
      expect(traceOf(thrown)).toBe(typeof thrown);
    },
  );

  test("the trace of an error without a stack is its name", () => {
    const error = new Error("canary");
    delete error.stack;
    expect(traceOf(error)).toBe("Error");
  });
});
