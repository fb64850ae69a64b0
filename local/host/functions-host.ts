import { randomBytes } from "node:crypto";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { close, listen } from "../server/http-server.ts";
import { ACTIVITY_TIMEOUT_MS } from "./forwarder.ts";
import { end, endConnection, type HostLog, isLogged, logWhenDone } from "./functions-call.ts";
import { loadFunctionsApp } from "./functions-core.ts";
import { createRequestHandler, type RequestHandler } from "./functions-requests.ts";
import { httpFunctions } from "./functions-routes.ts";
import { FUNCTION_TIMEOUT_EXIT_CODE, watchWithTimeout } from "./functions-timeout.ts";
import { timersOf } from "./functions-timers.ts";
import { backendOf, forwardToBackend, type GatewayBackends } from "./gateway-backends.ts";
import type { HostJson } from "./host-json.ts";
import { setGatewayHeaders } from "./host-key.ts";
import { createKestrel, refusalOf } from "./kestrel.ts";

// The host room runs the deployed bundle as Azure's Functions host does, with the rules of that host that can break a request: Kestrel's
// limits (kestrel.ts, request-body.ts), routes (route.ts), keys (host-key.ts), binding data (binding-data.ts), the forwarding of
// a request to the worker (forwarder.ts, worker-client.ts) and the worker's programming model (functions-core.ts). Azure Functions Core
// Tools are no substitute for tests: they download a binary at install, and cannot be made stricter. Each rule names the source file of
// Azure's host or of .NET that it follows; docs/design.md lists the remaining differences. Host and worker share one process here, which
// service-process.ts starts as a child of its own, so that a time-out can end it as on Azure.

const STOP_MS = 5000;
/** azure-functions-host, ScriptConstants.cs, DefaultMaxRequestBodySize. */
const DEFAULT_MAX_BODY_BYTES = 104_857_600;

/** Options of a host: the path of the bundle, the content of `host.json`, and the app settings. `port` and `backends` are the gateway's. */
export interface FunctionsHostOptions {
  readonly bundle: string;
  readonly hostJson: HostJson;
  readonly settings: Readonly<Record<string, string | undefined>>;
  readonly port: number;
  readonly backends?: GatewayBackends | undefined;
  readonly log: HostLog;
  readonly activityTimeoutMs?: number | undefined;
  /** Ends the process of worker and host; `process.exit` by default. */
  readonly endWorker?: () => void;
}

/** A running Functions host with a gateway in front of it. */
export interface FunctionsHost {
  /** The gateway: it sets the host's key and the address of the caller on every request, as API Management does. */
  readonly url: string;
  /** The host itself, which requires its key. */
  readonly hostUrl: string;
  /** The key of all functions and of the host's own operations. */
  readonly hostKey: string;
  /** Stops the host. Requests under way get 5 seconds, then the app's terminate hooks another 5. */
  close(): Promise<void>;
}

/** Starts a Functions host for one app. It answers as Azure's host does, or more strictly. */
export async function startFunctionsHost(options: FunctionsHostOptions): Promise<FunctionsHost> {
  const { bundle, hostJson, settings, port, backends = {}, log, activityTimeoutMs = ACTIVITY_TIMEOUT_MS } = options;
  const { endWorker = () => process.exit(FUNCTION_TIMEOUT_EXIT_CODE) } = options;
  const hostKey = randomBytes(32).toString("base64url");
  const ready = Promise.withResolvers<RequestHandler>();
  const host = serve(log, async (request, response) => (await ready.promise)(request, response, false));
  const gateway = serve(log, async (request, response) => {
    const backend = backendOf(request, backends);
    if (backend !== undefined) return forwardToBackend(request, response, backend);
    setGatewayHeaders(request, hostKey);
    return (await ready.promise)(request, response, true);
  });
  // The ports come first, so that a port in use is reported before the app starts.
  const url = `http://127.0.0.1:${await listen(gateway, port)}`;
  const hostUrl = `http://127.0.0.1:${await listen(host)}`;
  try {
    const app = await loadFunctionsApp(bundle, (level, message, functionName) => {
      if (isLogged(level)) log(level, functionName === undefined ? `functions: ${message}` : message);
    });
    const isDisabled = (name: string) => isTrue(settings[`AzureWebJobs.${name}.Disabled`]);
    const watch = watchWithTimeout(hostJson.functionTimeoutMs, log, endWorker);
    const enabled = app.functions.filter(({ name }) => !isDisabled(name));
    ready.resolve(
      createRequestHandler({
        functions: httpFunctions(app.functions, { prefix: hostJson.routePrefix, isDisabled, log }),
        timers: timersOf(app, enabled, { log, watch }),
        hostKey,
        hasHomepage: !isTrue(settings.AzureWebJobsDisableHomepage),
        runner: { app, watch, activityTimeoutMs, log, maxBodyBytes: maxBodyBytesOf(settings) },
      }),
    );
    return {
      url,
      hostUrl,
      hostKey,
      close: async () => {
        await waitAtMost(
          STOP_MS,
          Promise.all([gateway, host].map((server) => new Promise((done) => server.close(done)))),
        );
        for (const server of [gateway, host]) server.closeAllConnections();
        await waitAtMost(STOP_MS, app.terminate());
      },
    };
  } catch (error) {
    await Promise.all([close(gateway), close(host)]);
    throw error;
  }
}

/** Creates a server. `answer` is called for every request that Kestrel accepts. */
function serve(log: HostLog, answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>): Server {
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const refused = refusalOf(request);
    if (refused !== undefined) return endConnection(request, response, refused);
    return answer(request, response);
  };
  return createKestrel((request, response) => {
    logWhenDone(request, response, log);
    handle(request, response).catch((error: unknown) => {
      if (response.destroyed) return; // the client closed the connection
      log("error", `functions: ${error instanceof Error ? error.stack : error}`);
      if (response.headersSent) response.destroy();
      else end(request, response, 500);
    });
  });
}

function maxBodyBytesOf({ FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: limit = "" }: FunctionsHostOptions["settings"]): number {
  return /^\d+$/.test(limit) ? Number(limit) : DEFAULT_MAX_BODY_BYTES;
}

/** Waits for the work, at most for the time given. */
async function waitAtMost(milliseconds: number, work: Promise<unknown>): Promise<void> {
  await Promise.race([work, new Promise((resolve) => setTimeout(resolve, milliseconds).unref())]);
}

function isTrue(setting = ""): boolean {
  return /^(true|1)$/i.test(setting);
}
