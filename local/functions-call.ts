import type { IncomingMessage, ServerResponse } from "node:http";
import type { FunctionsApp, LogLevel, RegisteredFunction } from "./functions-core.ts";
import type { RouteParameters } from "./route.ts";

const DRAIN_MS = 5000;

/** Gets one line for each request, and every line that the app logs. */
export type HostLog = (level: LogLevel, line: string) => void;

/** A request that matched a function's route. */
export interface HttpCall {
  readonly app: FunctionsApp;
  readonly registered: RegisteredFunction;
  readonly bindingName: string;
  readonly invocationId: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly parameters: RouteParameters;
  /** Path, encoded, and query. */
  readonly target: string;
  readonly host: string;
}

/** Answers with an empty body and forgets what the client may still be sending. */
export function end(request: IncomingMessage, response: ServerResponse, status: number): void {
  response.writeHead(status, { "content-length": 0 }).end();
  drain(request);
}

/** Reads and drops the rest of a request that is answered already, for 5 seconds as Kestrel does; then the connection ends. */
export function drain(request: IncomingMessage): void {
  if (request.complete) return;
  request.resume();
  const timer = setTimeout(() => request.destroy(), DRAIN_MS);
  request.once("close", () => clearTimeout(timer)).once("end", () => clearTimeout(timer));
}
