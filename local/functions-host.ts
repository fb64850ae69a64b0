import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { end, type HostLog } from "./functions-call.ts";
import { loadFunctionsApp, type RegisteredFunction } from "./functions-core.ts";
import { forwardRequest } from "./functions-forward.ts";
import { invokeOverRpc } from "./functions-rpc.ts";
import { startTimers } from "./functions-timers.ts";
import { close, listen } from "./http-server.ts";
import { compileRoute, decodePath, encodePath, type Route } from "./route.ts";

// Kestrel's limits, in bytes where they are sizes.
const MAX_REQUEST_LINE = 8 * 1024;
const MAX_HEADERS = 32 * 1024;
const MAX_HEADER_COUNT = 100;
const MAX_BODY = 100 * 1024 * 1024;
const DRAIN_MS = 5000;

const HOST_HEADER = /^([\w.-]+|\[[\da-f:.]+\])(:\d+)?$/i;

/** How to start a host: the bundle's path, the contents of `host.json`, and the app settings. */
export interface FunctionsHostOptions {
  readonly bundle: string;
  readonly hostJson?: { readonly extensions?: { readonly http?: { readonly routePrefix?: string } } } | undefined;
  readonly settings?: Readonly<Record<string, string | undefined>> | undefined;
  readonly port?: number | undefined;
  readonly log: HostLog;
}

/** A running Functions host. */
export interface FunctionsHost {
  readonly url: string;
  /** Runs a timer function now; rejects with what it threw. */
  runTimer(name: string): Promise<void>;
  /** Lets requests under way finish for up to 5 seconds, runs the app's hooks for its end, and stops. */
  close(): Promise<void>;
}

interface HttpFunction {
  readonly registered: RegisteredFunction;
  readonly bindingName: string;
  readonly methods: readonly string[];
  readonly route: Route;
}

/** Starts a Functions host for one app and answers as Azure's does. */
export async function startFunctionsHost(options: FunctionsHostOptions): Promise<FunctionsHost> {
  const { bundle, hostJson, settings = {}, port, log } = options;
  const prefix = hostJson?.extensions?.http?.routePrefix ?? "api";
  const server = createServer({ maxHeaderSize: MAX_HEADERS });
  // The port comes first: one that is taken is said before the app starts anything.
  const url = `http://127.0.0.1:${await listen(server, port)}`;
  try {
    const app = await loadFunctionsApp(bundle, (level, message, functionName) => {
      if (level !== "debug" && level !== "trace") log(level, functionName ? message : `functions: ${message}`);
    });
    const enabled = app.functions.filter(
      ({ name }) => !/^(true|1)$/i.test(settings[`AzureWebJobs.${name}.Disabled`] ?? ""),
    );
    const routes = httpFunctions(enabled, prefix, log);
    const timers = startTimers(app, enabled, log);
    server.on("request", (request: IncomingMessage, response: ServerResponse) => {
      logWhenDone(request, response, log);
      handle(request, response).catch((error: unknown) => {
        if (response.destroyed) return; // the client went away
        log("error", `functions: ${error instanceof Error ? (error.stack ?? error.message) : error}`);
        if (response.headersSent) response.destroy();
        else response.writeHead(500).end();
      });
    });

    async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
      const refused = refusalOf(request);
      if (refused !== undefined) return end(request, response, refused);
      const [rawPath = "", query] = (request.url ?? "").split(/\?(.*)/s, 2);
      const path = decodePath(rawPath);
      if (path === undefined) return end(request, response, 400);
      const timer = /^\/admin\/functions\/([^/]+)$/i.exec(path)?.[1];
      if (timer && request.method === "POST" && timers.has(timer)) {
        // As on Azure: the run is not waited for. A browser cannot send JSON here from a foreign page without asking first.
        if (request.headers["content-type"] !== "application/json") return end(request, response, 415);
        void timers.run(timer).catch(() => undefined);
        return end(request, response, 202);
      }
      for (const { registered, bindingName, methods, route } of routes) {
        const parameters = methods.includes(request.method ?? "") ? route.match(path) : undefined;
        if (!parameters) continue;
        const target = encodePath(path) + (query === undefined ? "" : `?${query}`);
        const host = request.headers.host ?? "";
        const call = {
          app,
          registered,
          bindingName,
          invocationId: randomUUID(),
          request,
          response,
          parameters,
          target,
          host,
        };
        await (app.httpUri === undefined ? invokeOverRpc(call, log) : forwardRequest(call, app.httpUri, log));
        return;
      }
      end(request, response, 404);
    }

    return {
      url,
      runTimer: (name) => timers.run(name),
      close: async () => {
        timers.stop();
        const drained = new Promise<void>((resolve) => server.close(() => resolve()));
        server.closeIdleConnections();
        await Promise.race([drained, new Promise((resolve) => setTimeout(resolve, DRAIN_MS).unref())]);
        server.closeAllConnections();
        await app.terminate();
      },
    };
  } catch (error) {
    await close(server);
    throw error;
  }
}

/** The routes of the app, best match first. Those that Azure refuses are logged and left out, so they answer 404. */
function httpFunctions(functions: readonly RegisteredFunction[], prefix: string, log: HostLog): HttpFunction[] {
  const routes: HttpFunction[] = [];
  for (const registered of functions) {
    const [bindingName, trigger] =
      Object.entries(registered.bindings).find(([, { type }]) => type.toLowerCase() === "httptrigger") ?? [];
    if (bindingName === undefined || trigger === undefined) continue;
    const own = (trigger.route || registered.name).replace(/^\/+|\/+$/g, "");
    const route = compileRoute(`${prefix}/${own}`);
    const methods = (trigger.methods ?? []).map((method) => method.toUpperCase());
    const rival = routes.find(
      (other) => other.route.template === route.template && other.methods.some((method) => methods.includes(method)),
    );
    const refuse = (reason: string) =>
      log("error", `functions: The '${registered.name}' function is in error: ${reason}`);
    if (/^(admin|runtime)/i.test(own)) refuse("The specified route conflicts with one or more built in routes.");
    else if (rival)
      refuse(`The route specified conflicts with the route defined by function '${rival.registered.name}'.`);
    else routes.push({ registered, bindingName, methods, route });
  }
  return routes.sort((a, b) => (a.route.precedence < b.route.precedence ? -1 : 1));
}

/** The status with which Kestrel refuses the request before any function sees it. */
function refusalOf({ method = "", url = "", headers, rawHeaders }: IncomingMessage): number | undefined {
  if (method.length + url.length + "  HTTP/1.1\r\n".length > MAX_REQUEST_LINE) return 414;
  if (rawHeaders.length / 2 > MAX_HEADER_COUNT) return 431;
  if (!HOST_HEADER.test(headers.host ?? "")) return 400;
  if (rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === "host").length > 1) return 400;
  if (Number(headers["content-length"] ?? 0) > MAX_BODY) return 413;
  return undefined;
}

/** One line a request: method, path without query, status, milliseconds. */
function logWhenDone(request: IncomingMessage, response: ServerResponse, log: HostLog): void {
  const started = performance.now();
  response.once("close", () => {
    const path = request.url?.split("?", 1)[0] ?? "";
    const status = response.writableFinished ? response.statusCode : "aborted";
    log("information", `${request.method} ${path} ${status} ${Math.round(performance.now() - started)} ms`);
  });
}
