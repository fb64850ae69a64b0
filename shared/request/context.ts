import { randomUUID } from "node:crypto";
import type { Clock } from "./clock.ts";
import { type LogFields, type LogLevel, type LogSink, logLine } from "./log.ts";

// The base of all other rooms: the context of a request, deadlines, retries with backoff and a retry budget, the clock, the log, the
// error class, single-flight and the bounded map. A mechanism that decides how the service behaves under load or in an outage exists once,
// here. The room imports no other, so that each of them can import it.

/** The context of a request: its deadline, audit fields and alarms. Every function that calls Azure takes one. */
export interface RequestContext {
  /** The id of the request in the log and in the history of clients. Background work has one of its own. */
  readonly requestId: string;
  /** Aborts at the deadline of the request. */
  readonly signal: AbortSignal;
  /** The audit fields of the log line, set as they become known. Never input that was not validated. */
  readonly audit: Audit;
  /** Raises an alarm for an operator, independent of the outcome of the request. */
  alarm(event: string, reason: string): void;
}

/** The audit fields of a request. */
export interface Audit {
  /** The administrator, as `oid` or `sub` of the admin token; or the client itself at the token endpoint. */
  actor?: string;
  /** The client that the request is about. */
  client_id?: string;
  /** The id of the token that was issued. */
  jti?: string;
  /** Set if the token had been issued before (token reuse). */
  reused?: true;
  /** The scopes of the token or of the new client. */
  scope?: string;
  /** The name of the new client. */
  name?: string;
  /** Set if a success has changed nothing, such as a repeated disable. */
  outcome?: "unchanged";
}

/** The log of an invocation and the parts of its context that write to it. */
export interface InvocationLog extends Pick<RequestContext, "audit" | "alarm"> {
  /** Writes a line with the id of the request, the name of the function and the audit fields known by now. */
  log(level: LogLevel, fields: LogFields): void;
}

/** Creates the log of an invocation. `caller` returns the fields about the sender of a request. */
export function invocationLog(
  invocation: LogSink & { readonly invocationId: string; readonly functionName: string },
  clock: Clock,
  caller?: () => LogFields,
): InvocationLog {
  const audit: Audit = {};
  const log: InvocationLog["log"] = (level, fields) =>
    logLine(invocation, level, clock.now(), {
      request_id: invocation.invocationId,
      event: invocation.functionName,
      ...caller?.(),
      ...audit,
      ...fields,
    });
  return { audit, log, alarm: (alarm, reason) => log("error", { alarm, reason }) };
}

/** Creates a context for work that belongs to no single request. Its alarms go to the console, since it has no invocation. */
export function backgroundContext(clock: Clock, timeoutMs: number): RequestContext {
  const controller = new AbortController();
  clock.after(timeoutMs, () => controller.abort(new DOMException("The time is over.", "TimeoutError")));
  return {
    requestId: randomUUID(),
    signal: controller.signal,
    audit: {},
    alarm: (alarm, reason) => logLine(console, "error", clock.now(), { alarm, reason }),
  };
}
