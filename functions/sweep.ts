import { app } from "@azure/functions";
import { SWEEP_FUNCTION_TIMEOUT_MS } from "../shared/request/time-limits.ts";
import { type Job, timerJob } from "../shared/timer-job.ts";

/** Hourly: disables vault secrets that no active client uses, and raises an alarm for active clients without a usable one. */
export const sweep: Job = async ({ sweeper }, context) => ({ ...(await sweeper.run(context)) });

app.timer("sweep", { schedule: "0 17 * * * *", handler: timerJob(sweep, SWEEP_FUNCTION_TIMEOUT_MS) });
