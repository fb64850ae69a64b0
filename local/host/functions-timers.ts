import { randomUUID } from "node:crypto";
import { type HostLog, logFailure } from "./functions-call.ts";
import type { FunctionsApp } from "./functions-core.ts";
import { type RegisteredFunction, triggerOf } from "./functions-messages.ts";
import type { WatchInvocation } from "./functions-timeout.ts";

const TIMER_INFO = JSON.stringify({ Schedule: { AdjustForDST: true }, ScheduleStatus: null, IsPastDue: false });

/** The timer functions of an app. Their schedules are not followed: a timer runs only through `POST /admin/functions/<name>`. */
export interface Timers {
  has(name: string): boolean;
  /** Runs one now, and logs its failure. */
  run(name: string): Promise<void>;
}

/** Finds the timer functions of an app. */
export function timersOf(
  app: FunctionsApp,
  functions: readonly RegisteredFunction[],
  { log, watch }: { log: HostLog; watch: WatchInvocation },
): Timers {
  const timers = new Map(
    functions.filter((known) => triggerOf(known, "timerTrigger")).map((known) => [known.name, known]),
  );
  return {
    has: (name) => timers.has(name),
    run: async (name) => {
      const registered = timers.get(name);
      const [bindingName] = (registered && triggerOf(registered, "timerTrigger")) ?? [];
      if (!registered || bindingName === undefined) throw new Error(`There is no timer function "${name}".`);
      const invocationId = randomUUID();
      const inputData = [{ name: bindingName, data: { json: TIMER_INFO } }];
      try {
        await watch(name, invocationId, app.invoke(registered, { invocationId, inputData, triggerMetadata: {} }));
      } catch (error) {
        logFailure(log, registered, error);
      }
    },
  };
}
