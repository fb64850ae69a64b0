import type { RequestContext } from "../../shared/request/context.ts";

/** A call that remembers its alarms, as `<event>: <reason>`. */
export interface FakeContext extends RequestContext {
  readonly alarms: string[];
}

/** Makes a call with all the time in the world, unless a signal says otherwise. */
export function createContext(signal: AbortSignal = new AbortController().signal): FakeContext {
  const alarms: string[] = [];
  return { signal, audit: {}, alarms, alarm: (event, reason) => void alarms.push(`${event}: ${reason}`) };
}
