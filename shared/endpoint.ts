import type { HttpHandler } from "@azure/functions";
import type { Config } from "./config.ts";
import { callerOf } from "./http/caller.ts";
import { oauthErrorResponse, problemResponse } from "./http/error-responses.ts";
import type { HttpRequest } from "./http/http-request.ts";
import { type HttpResponse, withRequestId, withSecurityHeaders } from "./http/response.ts";
import { type Clock, systemClock } from "./request/clock.ts";
import { invocationLog, type RequestContext } from "./request/context.ts";
import { withDeadline } from "./request/deadline.ts";
import { traceOf } from "./request/log.ts";
import { PublicError } from "./request/public-error.ts";
import { Unavailable } from "./request/retry.ts";
import {
  ADMIN_REQUEST_TIMEOUT_MS,
  PUBLIC_REQUEST_TIMEOUT_MS,
  TOKEN_REQUEST_TIMEOUT_MS,
} from "./request/time-limits.ts";
import { type Services, services } from "./services.ts";

/** An endpoint: returns its answer to a request, or throws a {@link PublicError}. */
export type Endpoint = (request: HttpRequest, services: Services, context: RequestContext) => Promise<HttpResponse>;

/** The differences between the kinds of endpoints. */
interface Kind {
  timeoutMs: number;
  /** Whether a success is logged, as every refusal and failure is. */
  logsSuccess: boolean;
  errorResponse(error: PublicError, requestId: string, documentationUrl?: string): HttpResponse;
}

/** Creates the Functions handler of the token endpoint. Errors have the form of RFC 6749 §5.2. */
export function tokenEndpoint(endpoint: Endpoint, source?: () => Services, clock?: Clock): HttpHandler {
  const kind = { timeoutMs: TOKEN_REQUEST_TIMEOUT_MS, logsSuccess: true, errorResponse: oauthErrorResponse };
  return handler(endpoint, kind, source, clock);
}

/** Creates the Functions handler of an admin endpoint. Errors are problem details (RFC 9457). */
export function adminEndpoint(endpoint: Endpoint, source?: () => Services, clock?: Clock): HttpHandler {
  const kind = { timeoutMs: ADMIN_REQUEST_TIMEOUT_MS, logsSuccess: true, errorResponse: problemResponse };
  return handler(endpoint, kind, source, clock);
}

/** Creates the Functions handler of a public endpoint. Errors are problem details (RFC 9457). */
export function publicEndpoint(endpoint: Endpoint, source?: () => Services, clock?: Clock): HttpHandler {
  const kind = { timeoutMs: PUBLIC_REQUEST_TIMEOUT_MS, logsSuccess: false, errorResponse: problemResponse };
  return handler(endpoint, kind, source, clock);
}

/** The one exit for answers and errors. It never throws: with a streamed body, the caller of a handler that throws gets no answer. */
function handler(endpoint: Endpoint, kind: Kind, source = services, clock = systemClock): HttpHandler {
  return async (request: HttpRequest, invocation) => {
    const requestId = invocation.invocationId;
    let config: Config | undefined;
    const { audit, alarm, log } = invocationLog(invocation, clock, () => callerOf(request, config?.callerAddress));
    // TLS ends before the Functions host, so the request does not tell it; the issuer is the address that callers use.
    const send = (response: HttpResponse) =>
      withRequestId(withSecurityHeaders(response, config?.tokenIssuer.startsWith("https:") ?? false), requestId);

    try {
      const provided = source();
      config = provided.config;
      if (request.isContradicted) throw contradicted();
      const answer = (signal: AbortSignal) => endpoint(request, provided, { requestId, signal, audit, alarm });
      const response = await withDeadline(clock, kind.timeoutMs, answer).catch(tooLate);
      if (kind.logsSuccess) log("info", { outcome: audit.outcome ?? "success", status: response.status });
      return send(response);
    } catch (thrown) {
      const error = toPublicError(thrown);
      const { outcome, status, reason, note } = error;
      log(outcome === "failed" ? "error" : "warn", { outcome, status, reason, note });
      return send(kind.errorResponse(error, requestId, config?.documentationUrl));
    }
  };
}

/** Refuses a contradicted request for every caller: a gateway may have checked other values than those that an endpoint reads. */
function contradicted(): PublicError {
  return new PublicError(400, {
    detail:
      "Remove the member of the body, or the parameter of the URL, that is named Headers, Query, or like a parameter of the path, and any header x-ms-invocation-id: Azure Functions would take it for its own.",
    reason: "binding_data_conflict",
  });
}

/** Converts the end of the deadline to a 503. */
function tooLate(error: unknown): never {
  if (!(error instanceof DOMException && error.name === "TimeoutError")) throw error;
  throw new Unavailable("deadline_exceeded", {
    detail: "The service took too long. A change may or may not have been made: look before you try again.",
    cause: error,
  });
}

/** Converts an unexpected error to a 500. Its message may quote input, so the log gets its name and stack alone. */
export function toPublicError(error: unknown): PublicError {
  if (error instanceof PublicError) return error;
  return new PublicError(500, { reason: "internal_error", note: traceOf(error), cause: error });
}
