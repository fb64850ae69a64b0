import { logLine } from "./log.ts";

/** What one request carries through all that it does: how long it may take, and what its log line will say. */
export interface Call {
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

/** A call for work that no single request waits for; what it reports goes to the console, since no invocation is its own. */
export function backgroundCall(timeoutMs: number): Call {
  return {
    signal: AbortSignal.timeout(timeoutMs),
    audit: {},
    alarm: (alarm, reason) => logLine(console, "error", { alarm, reason }),
  };
}
