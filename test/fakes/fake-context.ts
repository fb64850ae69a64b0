import { randomUUID } from "node:crypto";
import type { RequestContext } from "../../shared/request/context.ts";

/** A `RequestContext` that records its alarms as `<event>: <reason>`. */
export interface FakeContext extends RequestContext {
  readonly alarms: string[];
}

/** Makes a `RequestContext` without a deadline, unless a signal is given. */
export function createContext(signal: AbortSignal = new AbortController().signal): FakeContext {
  const alarms: string[] = [];
  return {
    requestId: randomUUID(),
    signal,
    audit: {},
    alarms,
    alarm: (event, reason) => void alarms.push(`${event}: ${reason}`),
  };
}
