import { randomUUID } from "node:crypto";
import type { HostLog } from "./functions-call.ts";
import type { FunctionsApp, RegisteredFunction } from "./functions-core.ts";
import { nextOccurrence } from "./ncrontab.ts";

const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** The timer functions of an app. */
export interface Timers {
  has(name: string): boolean;
  /** Runs one now; rejects with what it threw, after logging it. */
  run(name: string): Promise<void>;
  stop(): void;
}

/** Runs the timer functions on their schedules, and those with `runOnStartup` at once. */
export function startTimers(app: FunctionsApp, functions: readonly RegisteredFunction[], log: HostLog): Timers {
  const timers = new Map<string, () => Promise<void>>();
  const timeouts = new Map<string, NodeJS.Timeout>();
  for (const registered of functions) {
    const [bindingName, trigger] =
      Object.entries(registered.bindings).find(([, { type }]) => type.toLowerCase() === "timertrigger") ?? [];
    if (bindingName === undefined || trigger?.schedule === undefined) continue;
    const { schedule } = trigger;

    const run = async () => {
      const data = { Schedule: { AdjustForDST: true }, ScheduleStatus: null, IsPastDue: false };
      try {
        await app.invoke(registered, {
          invocationId: randomUUID(),
          inputData: [{ name: bindingName, data: { json: JSON.stringify(data) } }],
          triggerMetadata: {},
        });
      } catch (error) {
        log(
          "error",
          `Executed '${registered.name}' (Failed): ${error instanceof Error ? (error.stack ?? error.message) : error}`,
        );
        throw error;
      }
    };
    const wait = (due: Date) => {
      const remaining = due.getTime() - Date.now();
      const timeout = setTimeout(
        () => {
          if (remaining > MAX_TIMEOUT_MS) return wait(due);
          void run().catch(() => undefined);
          wait(nextOccurrence(schedule, new Date(Math.max(due.getTime(), Date.now()))));
        },
        Math.min(remaining, MAX_TIMEOUT_MS),
      );
      timeouts.set(registered.name, timeout.unref());
    };
    wait(nextOccurrence(schedule, new Date()));
    if (trigger.runOnStartup) void run().catch(() => undefined);
    timers.set(registered.name, run);
  }
  return {
    has: (name) => timers.has(name),
    run: async (name) => {
      const run = timers.get(name);
      if (!run) throw new Error(`There is no timer function "${name}".`);
      await run();
    },
    stop: () => {
      for (const timeout of timeouts.values()) clearTimeout(timeout);
    },
  };
}
