import type { TimerHandler } from "@azure/functions";
import { toPublicError } from "./endpoint.ts";
import { type Clock, systemClock } from "./request/clock.ts";
import { invocationLog, type RequestContext } from "./request/context.ts";
import { withDeadline } from "./request/deadline.ts";
import type { LogFields } from "./request/log.ts";
import { type Services, services } from "./services.ts";

/** A job of a timer. It returns fields for the log line of the run. */
export type Job = (services: Services, context: RequestContext) => Promise<LogFields>;

/** Creates the Functions handler of a job. A failure is logged and not thrown, since the next run makes up for it. */
export function timerJob(
  job: Job,
  timeoutMs: number,
  source: () => Services = services,
  clock: Clock = systemClock,
): TimerHandler {
  return async (_timer, invocation) => {
    const { audit, alarm, log } = invocationLog(invocation, clock);
    const run = (signal: AbortSignal) => job(source(), { requestId: invocation.invocationId, signal, audit, alarm });
    try {
      log("info", { outcome: "success", ...(await withDeadline(clock, timeoutMs, run)) });
    } catch (error) {
      const { reason, note } = toPublicError(error);
      log("error", { outcome: "failed", reason, note });
    }
  };
}
