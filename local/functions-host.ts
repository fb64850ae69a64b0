import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { end, type HostLog, logWhenDone } from "./functions-call.ts";
import { type FunctionsApp, loadFunctionsApp } from "./functions-core.ts";
import { forwardRequest } from "./functions-forward.ts";
import { findFunction, type HttpFunction, httpFunctions } from "./functions-routes.ts";
import { invokeOverRpc } from "./functions-rpc.ts";
import { startTimers, type Timers } from "./functions-timers.ts";
import { close, listen } from "./http-server.ts";
import { decodePath, encodePath, MAX_HEADERS, refusalOf } from "./kestrel.ts";

const STOP_MS = 5000;

/** How to start a host: the bundle's path, the route prefix of `host.json`, and the app settings. */
export interface FunctionsHostOptions {
  readonly bundle: string;
  readonly routePrefix: string;
  readonly settings: Readonly<Record<string, string | undefined>>;
  readonly port: number;
  readonly log: HostLog;
}

/** A running Functions host. */
export interface FunctionsHost {
  readonly url: string;
  /** Stops: requests under way, and then the app's hooks for its end, have 5 seconds each. */
  close(): Promise<void>;
}

/** Starts a Functions host for one app and answers as Azure's does. `POST /admin/functions/<name>` runs a timer function. */
export async function startFunctionsHost(options: FunctionsHostOptions): Promise<FunctionsHost> {
  const { bundle, routePrefix, settings, port, log } = options;
  const ready = Promise.withResolvers<Handler>();
  const server = createServer({ maxHeaderSize: MAX_HEADERS }, (request, response) => {
    logWhenDone(request, response, log);
    ready.promise
      .then((handle) => handle(request, response))
      .catch((error: unknown) => {
        if (response.destroyed) return; // the client went away
        log("error", `functions: ${error instanceof Error ? error.stack : error}`);
        response.destroy();
      });
  });
  // The port comes first: one that is taken is said before the app starts anything.
  const url = `http://127.0.0.1:${await listen(server, port)}`;
  try {
    const app = await loadFunctionsApp(bundle, (level, message, functionName) => {
      if (level === "debug" || level === "trace") return;
      log(level, functionName === undefined ? `functions: ${message}` : message);
    });
    const enabled = app.functions.filter(({ name }) => !isTrue(settings[`AzureWebJobs.${name}.Disabled`]));
    const timers = startTimers(app, enabled, log);
    ready.resolve(createHandler(app, httpFunctions(enabled, routePrefix, log), timers, log));
    return {
      url,
      close: async () => {
        timers.stop();
        await atMost(STOP_MS, new Promise((resolve) => server.close(resolve)));
        server.closeAllConnections();
        await atMost(STOP_MS, app.terminate());
      },
    };
  } catch (error) {
    await close(server);
    throw error;
  }
}

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

function createHandler(app: FunctionsApp, routes: readonly HttpFunction[], timers: Timers, log: HostLog): Handler {
  return async (request, response) => {
    const [rawPath = "", query] = (request.url ?? "").split(/\?(.*)/s, 2);
    const path = decodePath(rawPath);
    const refused = refusalOf(request);
    if (refused !== undefined || path === undefined) return end(request, response, refused ?? 400);
    if (timers.has(timerOf(path))) return end(request, response, runTimer(timers, timerOf(path), request));
    const found = findFunction(routes, request.method ?? "", path);
    if (!found) return end(request, response, 404);

    const target = encodePath(path) + (query === undefined ? "" : `?${query}`);
    const host = request.headers.host ?? "";
    const call = { ...found, app, invocationId: randomUUID(), request, response, target, host, log };
    return app.httpUri === undefined ? invokeOverRpc(call) : forwardRequest(call, app.httpUri);
  };
}

function timerOf(path: string): string {
  return /^\/admin\/functions\/([^/]+)$/i.exec(path)?.[1] ?? "";
}

/** As on Azure the run is not waited for. JSON is asked for because a browser sends it from no foreign page unasked. */
function runTimer(timers: Timers, name: string, request: IncomingMessage): number {
  if (request.method !== "POST") return 404;
  if (request.headers["content-type"] !== "application/json") return 415;
  timers.run(name).catch(() => {});
  return 202;
}

async function atMost(milliseconds: number, work: Promise<unknown>): Promise<void> {
  await Promise.race([work, new Promise((resolve) => setTimeout(resolve, milliseconds).unref())]);
}

function isTrue(setting = ""): boolean {
  return /^(true|1)$/i.test(setting);
}
