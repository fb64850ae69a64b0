import type { IncomingMessage, ServerResponse } from "node:http";
import type { LogLevel, RegisteredFunction } from "./functions-messages.ts";

const DRAIN_MS = 5000;

/** Receives one line for each request, and the log lines of the app that `isLogged` lets through. */
export type HostLog = (level: LogLevel, line: string) => void;

/** Whether log lines of a level are written: all but `debug` and `trace`. */
export function isLogged(level: LogLevel): boolean {
  return level !== "debug" && level !== "trace";
}

/** Answers with an empty body, and drains the rest of the request. */
export function end(request: IncomingMessage, response: ServerResponse, status: number): void {
  response.writeHead(status, status === 204 ? {} : { "content-length": 0 }).end();
  void drain(request).then((isComplete) => isComplete || request.destroy());
}

/** Answers with an empty body and closes the connection. The rest of a slow request is not drained. */
export async function endConnection(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  { isSlow = false } = {},
): Promise<void> {
  response.writeHead(status, { "content-length": 0, connection: "close" }).flushHeaders();
  // Closing a connection with unread bytes resets it, and the answer may be lost.
  if (!isSlow) await drain(request);
  response.end();
}

/** Drains a request for 5 seconds, as Kestrel does. Returns whether the request is complete. */
async function drain(request: IncomingMessage): Promise<boolean> {
  if (request.complete) return true;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, DRAIN_MS);
  request.removeAllListeners("readable").resume().once("end", resolve).once("close", resolve);
  await promise;
  clearTimeout(timer);
  return request.complete;
}

/** Logs the failure of a function. */
export function logFailure(log: HostLog, { name }: RegisteredFunction, error: unknown): void {
  const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
  log("error", `Executed '${name}' (Failed): ${reason}`);
}

/** Logs a request at its end: method, path, status, milliseconds. The query, and a client secret in the path, are left out. */
export function logWhenDone(request: IncomingMessage, response: ServerResponse, log: HostLog): void {
  const started = performance.now();
  response.once("close", () => {
    const path = request.url
      ?.split("?", 1)[0]
      ?.replace(/[^\x21-\x7e]/g, "?")
      .replace(/socmate_\w{20,}/g, "<client secret>");
    const status = response.writableFinished ? response.statusCode : "aborted";
    log("information", `${request.method} ${path} ${status} ${Math.round(performance.now() - started)} ms`);
  });
}
