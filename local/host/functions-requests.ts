import type { IncomingMessage, ServerResponse } from "node:http";
import { end, endConnection } from "./functions-call.ts";
import { findFunction, type HttpFunction } from "./functions-routes.ts";
import type { Timers } from "./functions-timers.ts";
import { hasHostKey } from "./host-key.ts";
import { type HttpFunctionRunner, runHttpFunction } from "./http-function.ts";
import { decodePath, encodePath, encodeQuery } from "./kestrel.ts";

const HOMEPAGE = "<!DOCTYPE html>\n<title>Your Functions app is up and running</title>\n";

/** The app of a host. */
export interface HostedApp {
  readonly functions: readonly HttpFunction[];
  readonly timers: Timers;
  readonly hostKey: string;
  readonly hasHomepage: boolean;
  readonly runner: HttpFunctionRunner;
}

/** Answers a request that Kestrel accepted. The gateway does not offer the host's own operations. */
export type RequestHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  isFromGateway: boolean,
) => Promise<void> | void;

/**
 * Creates the handler that dispatches a request to a function or an operation of the host, and checks its key (azure-functions-host,
 * FunctionInvocationMiddleware.cs).
 */
export function createRequestHandler({ functions, timers, hostKey, hasHomepage, runner }: HostedApp): RequestHandler {
  const runFunction = (request: IncomingMessage, response: ServerResponse, path: string) => {
    const found = findFunction(functions, request.method ?? "", path);
    if (!found) return path === "/" ? sendHomepage(request, response, hasHomepage) : end(request, response, 404);
    if (found.needsKey && !hasHostKey(request, hostKey)) return end(request, response, 401);
    if (found.isDisabled) return end(request, response, 404);
    return runHttpFunction({ ...found, request, response, target: targetOf(request, path) }, runner);
  };
  return (request, response, isFromGateway) => {
    const path = decodePath(request.url?.split("?", 1)[0] ?? "");
    if (path === undefined) return endConnection(request, response, 400);
    const timer = isFromGateway ? undefined : /^\/admin\/functions\/([^/]+)$/i.exec(path)?.[1];
    if (timer === undefined) return runFunction(request, response, path);
    if (!hasHostKey(request, hostKey)) return end(request, response, 401);
    return runTimer(timers, timer, request, response);
  };
}

/** Returns the path and query of the forwarded request. */
function targetOf({ url = "" }: IncomingMessage, path: string): string {
  const start = url.indexOf("?");
  return encodePath(path) + (start < 0 ? "" : encodeQuery(url.slice(start)));
}

/** Answers 202 with the log lines of the run. Only JSON is accepted: a browser sends it to another origin only after a preflight. */
async function runTimer(
  timers: Timers,
  name: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method !== "POST" || !timers.has(name)) return end(request, response, 404);
  if (request.headers["content-type"] !== "application/json") return end(request, response, 415);
  const lines = await timers.run(name);
  response.writeHead(202, { "content-type": "text/plain; charset=utf-8" }).end(lines.join("\n"));
  request.resume();
}

/** Answers for the root (azure-functions-host, HomepageMiddleware.cs). */
function sendHomepage(request: IncomingMessage, response: ServerResponse, hasHomepage: boolean): void {
  if (hasHomepage)
    response.writeHead(200, { "content-type": "text/html", "content-length": HOMEPAGE.length }).end(HOMEPAGE);
  else end(request, response, 204);
}
