import type { HostLog } from "./functions-call.ts";

/** The exit code of the worker's process after an invocation over `functionTimeout`. */
export const FUNCTION_TIMEOUT_EXIT_CODE = 3;

/** Waits for an invocation, at most for `functionTimeout`. */
export type WatchInvocation = <T>(name: string, invocationId: string, run: Promise<T>) => Promise<T>;

/**
 * Creates a watch over invocations. When one exceeds the time-out, Azure's host ends the worker's process with all its requests and
 * starts another (azure-webjobs-sdk, FunctionExecutor.cs, OnFunctionTimeout; azure-functions-host, WebScriptHostExceptionHandler.cs).
 * `endWorker` ends the process; nothing restarts it here.
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
