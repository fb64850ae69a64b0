import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { bindingDataOf } from "./binding-data.ts";
import { forwardRequest } from "./forwarder.ts";
import { end, endConnection, type HostLog, logFailure } from "./functions-call.ts";
import type { FunctionsApp } from "./functions-core.ts";
import type { HttpFunction } from "./functions-routes.ts";
import type { WatchInvocation } from "./functions-timeout.ts";
import { lengthOf, RequestBodyError, readWholeBody } from "./request-body.ts";
import type { RouteParameters } from "./route.ts";

/** The parts of the host that every invocation of an HTTP function uses. */
export interface HttpFunctionRunner {
  readonly app: FunctionsApp;
  readonly watch: WatchInvocation;
  readonly maxBodyBytes: number;
  readonly activityTimeoutMs: number;
  readonly log: HostLog;
}

/** A request that matched the route of a function. `target` is its encoded path and query. */
export interface HttpCall extends Pick<HttpFunction, "registered" | "bindingName"> {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly parameters: RouteParameters;
  readonly target: string;
}

/**
 * Runs an HTTP function as Azure's host does. It reads a body with a `Content-Length` whole, announces the invocation to the worker with
 * its binding data, and forwards the request to the worker's HTTP server. The answer ends when both the invocation, with whatever result,
 * and the forwarding are over (azure-functions-host, GrpcWorkerChannel.cs, InvokeResponse). So the caller of a function that throws waits
 * until the time-out, unless the worker answers the forwarded request nevertheless.
 */
export async function runHttpFunction(call: HttpCall, runner: HttpFunctionRunner): Promise<void> {
  const { registered, bindingName, request, response, target } = call;
  const { app, watch, log } = runner;
  const invocationId = randomUUID();
  try {
    const body = lengthOf(request) > 0 ? await readWholeBody(request, runner.maxBodyBytes) : undefined;
    const triggerMetadata = bindingDataOf({ ...call, body });
    const forwarding = forwardRequest({
      ...runner,
      request,
      response,
      uri: new URL(app.httpUri),
      target,
      invocationId,
      body,
    });
    const inputData = [{ name: bindingName, data: { http: {} } }];
    const run = watch(
      registered.name,
      invocationId,
      app.invoke(registered, { invocationId, inputData, triggerMetadata }),
    );
    const [invoked, forwarded] = await Promise.allSettled([run, forwarding]);
    if (forwarded.status === "rejected") throw forwarded.reason;
    if (invoked.status === "rejected") throw invoked.reason;
    forwarded.value();
  } catch (error) {
    if (response.destroyed) return; // the caller closed the connection
    logFailure(log, registered, error);
    // ExceptionMiddleware.cs
    if (response.headersSent) response.destroy();
    else if (error instanceof RequestBodyError) await endConnection(request, response, 500, { isSlow: error.isSlow });
    else end(request, response, 500);
  }
}
