import { app } from "@azure/functions";
import { type Job, timerJob } from "../shared/timer-job.ts";

/** A run stops by itself after four minutes; this ends one that hangs before Azure would. */
const TIMEOUT_MS = 290_000;

/** Hourly: disables vault secrets that are dead, and reports active clients whose own is. */
export const sweep: Job = async ({ sweeper }, context) => ({ ...(await sweeper.run(context)) });

app.timer("sweep", { schedule: "0 17 * * * *", handler: timerJob(sweep, TIMEOUT_MS) });
