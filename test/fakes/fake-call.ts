import type { Call } from "../../shared/request/call.ts";

/** A call that remembers its alarms, as `<event>: <reason>`. */
export interface FakeCall extends Call {
  readonly alarms: string[];
}

/** Makes a call with all the time in the world, unless a signal says otherwise. */
export function createCall(signal: AbortSignal = new AbortController().signal): FakeCall {
  const alarms: string[] = [];
  return { signal, audit: {}, alarms, alarm: (event, reason) => void alarms.push(`${event}: ${reason}`) };
}
