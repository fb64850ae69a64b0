import type { HttpHandler } from "@azure/functions";
import { oauthErrorResponse, problemResponse } from "./http/error-responses.ts";
import type { HttpRequest } from "./http/http-request.ts";
import { type HttpResponse, withSecurityHeaders } from "./http/response.ts";
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
  errorResponse(error: PublicError): HttpResponse;
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

/** The one exit for errors. It never throws: with a streamed body, the caller of a handler that throws gets no answer. */
function handler(endpoint: Endpoint, kind: Kind, source = services, clock = systemClock): HttpHandler {
  return async (request: HttpRequest, invocation) => {
    const { audit, alarm, log } = invocationLog(invocation, clock);
    const answer = (signal: AbortSignal) => endpoint(request, source(), { signal, audit, alarm });
    const send = (response: HttpResponse) => withSecurityHeaders(response, isOverHttps(source));

    try {
      if (request.isContradicted) throw contradicted();
      const response = await withDeadline(clock, kind.timeoutMs, answer).catch(tooLate);
      if (kind.logsSuccess) log("info", { outcome: "success", status: response.status });
      return send(response);
    } catch (thrown) {
      const error = toPublicError(thrown);
      const { status, reason, note } = error;
      const failed = status >= 500;
      log(failed ? "error" : "warn", { outcome: failed ? "failed" : "refused", status, reason, note });
      return send(kind.errorResponse(error));
    }
  };
}

/**
 * Tells whether callers reach the service over https. TLS ends before the Functions host, so the request does not tell; the issuer does, as
 * the address that callers use. Without settings it is not known.
 */
function isOverHttps(source: () => Services): boolean {
  try {
    return source().config.tokenIssuer.startsWith("https:");
  } catch {
    return false;
  }
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
