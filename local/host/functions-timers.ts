import { randomUUID } from "node:crypto";
import { type HostLog, isLogged, logFailure } from "./functions-call.ts";
import type { FunctionsApp } from "./functions-core.ts";
import { type LogLevel, type RegisteredFunction, triggerOf } from "./functions-messages.ts";
import type { WatchInvocation } from "./functions-timeout.ts";

const TIMER_INFO = JSON.stringify({ Schedule: { AdjustForDST: true }, ScheduleStatus: null, IsPastDue: false });

/**
 * The timer functions of an app. The host does not follow their schedules: a timer runs only through `POST /admin/functions/<name>`.
 * Azure's host answers that request with 202 and an empty body before the run has ended. This host waits for the end of the run and
 * sends its log lines in the body of the 202, so that `npm run sweep` and a test see the outcome of exactly this run.
 */
export interface Timers {
  has(name: string): boolean;
  /** Runs a timer function and logs its failure. Returns the log lines of the run. */
  run(name: string): Promise<string[]>;
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
      const lines: string[] = [];
      const collect = (level: LogLevel, line: string) => {
        if (isLogged(level)) lines.push(line);
      };
      const collectAndLog: HostLog = (level, line) => {
        collect(level, line);
        log(level, line);
      };
      try {
        const request = { invocationId, inputData, triggerMetadata: {} };
        await watch(name, invocationId, app.invoke(registered, request, collect));
      } catch (error) {
        logFailure(collectAndLog, registered, error);
      }
      return lines;
    },
  };
}
