import type { Clock } from "./clock.ts";
import { logLine } from "./log.ts";

/**
 * What every request carries: its deadline, its audit fields and its alarms. This room also has how every call ends in time (deadline,
 * retry), the clock, the log and the bounded map. It imports nothing of ours, so that every other room can stand on it.
 */
export interface RequestContext {
  /** Aborts when the request has run out of time. */
  readonly signal: AbortSignal;
  /** Filled in as it becomes known; ends up in the request's log line. Never input that was not validated. */
  readonly audit: Audit;
  /** Reports what an operator must look at, apart from how the request ends. */
  alarm(event: string, reason: string): void;
}

/** Who did what to which client. */
export interface Audit {
  /** The administrator, as `oid` or `sub` of the admin token; or the client itself at the token endpoint. */
  actor?: string;
  /** The client that the request is about. */
  client_id?: string;
  /** What identifies the token that was issued. */
  jti?: string;
  /** The token had been given out before, to a client that asks for it too often. */
  reused?: true;
  scope?: string;
}

/** A context for work that no single request waits for; what it reports goes to the console, since no invocation is its own. */
export function backgroundContext(clock: Clock, timeoutMs: number): RequestContext {
  const controller = new AbortController();
  clock.after(timeoutMs, () => controller.abort(new DOMException("The time is over.", "TimeoutError")));
  return {
    signal: controller.signal,
    audit: {},
    alarm: (alarm, reason) => logLine(console, "error", clock.now(), { alarm, reason }),
  };
}
