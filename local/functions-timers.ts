import { randomUUID } from "node:crypto";
import { type HostLog, logFailure } from "./functions-call.ts";
import type { FunctionsApp } from "./functions-core.ts";
import { type RegisteredFunction, triggerOf } from "./functions-messages.ts";
import { nextOccurrence } from "./ncrontab.ts";

const MAX_TIMEOUT_MS = 2 ** 31 - 1;
const TIMER_INFO = JSON.stringify({ Schedule: { AdjustForDST: true }, ScheduleStatus: null, IsPastDue: false });

/** The timer functions of an app. */
export interface Timers {
  has(name: string): boolean;
  /** Runs one now; rejects with what it threw, after logging it. */
  run(name: string): Promise<void>;
  stop(): void;
}

/** Runs the timer functions on their schedules, and those with `runOnStartup` at once. */
export function startTimers(app: FunctionsApp, functions: readonly RegisteredFunction[], log: HostLog): Timers {
  const runs = new Map<string, () => Promise<void>>();
  const timeouts = new Map<string, NodeJS.Timeout>();
  for (const registered of functions) {
    const [bindingName, trigger] = triggerOf(registered, "timerTrigger") ?? [];
    if (bindingName === undefined || trigger?.schedule === undefined) continue;
    const { schedule, runOnStartup } = trigger;
    const inputData = [{ name: bindingName, data: { json: TIMER_INFO } }];

    const run = async () => {
      try {
        await app.invoke(registered, { invocationId: randomUUID(), inputData, triggerMetadata: {} });
      } catch (error) {
        logFailure(log, registered, error);
        throw error;
      }
    };
    const runUnattended = () => run().catch(() => {}); // it is logged
    const waitUntil = (due: Date) => {
      const remaining = due.getTime() - Date.now();
      const wake = () => {
        if (remaining > MAX_TIMEOUT_MS) return waitUntil(due);
        void runUnattended();
        waitUntil(nextOccurrence(schedule, new Date(Math.max(due.getTime(), Date.now()))));
      };
      timeouts.set(registered.name, setTimeout(wake, Math.min(remaining, MAX_TIMEOUT_MS)).unref());
    };
    waitUntil(nextOccurrence(schedule, new Date()));
    if (runOnStartup) void runUnattended();
    runs.set(registered.name, run);
  }
  return {
    has: (name) => runs.has(name),
    run: async (name) => {
      const run = runs.get(name);
      if (!run) throw new Error(`There is no timer function "${name}".`);
      await run();
    },
    stop: () => {
      for (const timeout of timeouts.values()) clearTimeout(timeout);
    },
  };
}
