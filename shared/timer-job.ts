import type { TimerHandler } from "@azure/functions";
import { reasonOf } from "./endpoint.ts";
import type { Call } from "./request/call.ts";
import { inTime } from "./request/in-time.ts";
import { type LogFields, type LogLevel, logLine } from "./request/log.ts";
import { type Services, services } from "./services.ts";

/** Work that a timer starts; what it returns goes into the log line of the run. */
export type Job = (services: Services, call: Call) => Promise<LogFields>;

/** Makes a Functions handler of a job: one log line for each run, which tells a failure too, since the next run makes up for it. */
export function timerJob(job: Job, timeoutMs: number, source: () => Services = services): TimerHandler {
  return async (_timer, context) => {
    const log = (level: LogLevel, fields: LogFields) =>
      logLine(context, level, { request_id: context.invocationId, event: context.functionName, ...fields });
    const alarm: Call["alarm"] = (name, reason) => log("error", { alarm: name, reason });
    const run = (signal: AbortSignal) => job(source(), { signal, audit: {}, alarm });
    try {
      log("info", { outcome: "success", ...(await inTime(timeoutMs, run)) });
    } catch (error) {
      log("error", { outcome: "failed", reason: reasonOf(error) });
    }
  };
}
