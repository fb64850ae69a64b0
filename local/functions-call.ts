import type { IncomingMessage, ServerResponse } from "node:http";
import type { FunctionsApp } from "./functions-core.ts";
import type { LogLevel, RegisteredFunction } from "./functions-messages.ts";
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
  readonly log: HostLog;
}

/** Answers with an empty body, whatever the client may still be sending. */
export function end(request: IncomingMessage, response: ServerResponse, status: number): void {
  response.writeHead(status, { "content-length": 0 }).end();
  drain(request);
}

/** Reads and drops the rest of a request that is answered, for 5 seconds as Kestrel does; then the connection ends. */
export function drain(request: IncomingMessage): void {
  if (request.complete) return;
  request.resume();
  const timer = setTimeout(() => request.destroy(), DRAIN_MS);
  request.once("end", () => clearTimeout(timer)).once("close", () => clearTimeout(timer));
}

/** Logs that a function failed. */
export function logFailure(log: HostLog, { name }: RegisteredFunction, error: unknown): void {
  const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
  log("error", `Executed '${name}' (Failed): ${reason}`);
}

/** Logs the request once it is over: method, path without query and without a client secret that strayed into it, status, milliseconds. */
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

/** The query's parameters; repeated ones joined by a comma, as ASP.NET does. */
export function queryOf(target: string): Record<string, string> {
  const query = new URLSearchParams(target.split(/\?(.*)/s, 2)[1]);
  return Object.fromEntries([...new Set(query.keys())].map((name) => [name, query.getAll(name).join(",")]));
}

/** The request's headers as a function sees them: repeated ones joined by a comma, and those of App Service's front end. */
export function headersOf({ rawHeaders, socket }: IncomingMessage): Record<string, string> {
  const headers = new Map<string, string>();
  const add = (name: string, value: string) => {
    const known = headers.get(name);
    headers.set(name, known === undefined ? value : `${known},${value}`);
  };
  for (let index = 0; index < rawHeaders.length; index += 2) {
    add(rawHeaders[index]?.toLowerCase() ?? "", rawHeaders[index + 1] ?? "");
  }
  add("x-forwarded-for", `${socket.remoteAddress}:${socket.remotePort}`);
  headers.set("x-forwarded-proto", "http");
  return Object.fromEntries(headers);
}
