import type { HostLog } from "./functions-call.ts";

/** Ends the worker's process after a run that took too long. */
export const FUNCTION_TIMEOUT_EXIT_CODE = 3;

/** Waits for a function's run in the worker, but not for longer than `functionTimeout`. */
export type WatchInvocation = <T>(name: string, invocationId: string, run: Promise<T>) => Promise<T>;

/**
 * Makes a watch over the runs of functions. When one takes too long, Azure's host ends the worker's process with everybody's
 * requests and starts another (azure-webjobs-sdk, FunctionExecutor.cs, OnFunctionTimeout; azure-functions-host,
 * WebScriptHostExceptionHandler.cs); here `endWorker` does the first half.
 */
export function watchWithTimeout(functionTimeoutMs: number, log: HostLog, endWorker: () => void): WatchInvocation {
  return async (name, invocationId, run) => {
    const expire = () => {
      const text = `Timeout value of ${functionTimeoutMs / 1000} s exceeded by function '${name}' (Id: '${invocationId}').`;
      log("critical", `functions: ${text} The worker process ends.`);
      endWorker();
    };
    const timer = setTimeout(expire, functionTimeoutMs).unref();
    try {
      return await run;
    } finally {
      clearTimeout(timer);
    }
  };
}
