import type { HttpHandler, HttpResponseInit } from "@azure/functions";
import { ConfigError } from "./config.ts";
import type { HttpRequest } from "./http/http-request.ts";
import { OAuthError } from "./http/oauth-error.ts";
import { Problem } from "./http/problem.ts";
import { RequestError } from "./http/request-error.ts";
import { type Clock, systemClock } from "./request/clock.ts";
import type { Audit, RequestContext } from "./request/context.ts";
import { withDeadline } from "./request/deadline.ts";
import { type LogFields, type LogLevel, logLine, traceOf } from "./request/log.ts";
import { Unavailable } from "./request/retry.ts";
import { type Services, services } from "./services.ts";

/** One endpoint: its answer to a request, or one of the errors that have a public form. */
export type Endpoint = (request: HttpRequest, services: Services, context: RequestContext) => Promise<HttpResponseInit>;

/** What kinds of endpoints differ in. */
interface Kind {
  /** When a request has had its time. */
  timeoutMs: number;
  /** Whether a success is worth a line in the log, as a refusal always is. */
  logsSuccess: boolean;
  errorResponse(error: unknown): HttpResponseInit;
}

const RETRY_AFTER_WRONG_SETTINGS_SECONDS = 60;
/** A caller of the token endpoint has an answer within five seconds; what is left is for the way. */
const TOKEN_TIMEOUT_MS = 4_500;

/** Makes a Functions handler of the token endpoint: errors as in RFC 6749 §5.2, nothing ever cached (§5.1). */
export function tokenEndpoint(endpoint: Endpoint, source?: () => Services, clock?: Clock): HttpHandler {
  const kind = { timeoutMs: TOKEN_TIMEOUT_MS, logsSuccess: true, errorResponse: oauthErrorResponse };
  return handler(endpoint, kind, source, clock);
}

/** Makes a Functions handler of an endpoint for administrators: errors are problem details (RFC 9457). */
export function adminEndpoint(endpoint: Endpoint, source?: () => Services, clock?: Clock): HttpHandler {
  const kind = { timeoutMs: 15_000, logsSuccess: true, errorResponse: problemResponse };
  return handler(endpoint, kind, source, clock);
}

/** Makes a Functions handler of an endpoint that everybody may read: errors are problem details. */
export function publicEndpoint(endpoint: Endpoint, source?: () => Services, clock?: Clock): HttpHandler {
  const kind = { timeoutMs: 5_000, logsSuccess: false, errorResponse: problemResponse };
  return handler(endpoint, kind, source, clock);
}

/** An answer in JSON that must not be cached. */
export function json(status: number, body: object, headers?: Record<string, string>): HttpResponseInit {
  return {
    status,
    headers: { "Content-Type": "application/json", "Cache-Control": "no-store", ...headers },
    body: JSON.stringify(body),
  };
}

/** The only place that builds an error answer. It always answers: with a streamed body, a handler that throws leaves its caller hanging. */
function handler(endpoint: Endpoint, kind: Kind, source = services, clock = systemClock): HttpHandler {
  return async (request: HttpRequest, invocation) => {
    const audit: Audit = {};
    const log = (level: LogLevel, fields: LogFields) =>
      logLine(invocation, level, clock.now(), {
        request_id: invocation.invocationId,
        event: invocation.functionName,
        ...audit,
        ...fields,
      });
    const alarm: RequestContext["alarm"] = (name, reason) => log("error", { alarm: name, reason });
    const answer = (signal: AbortSignal) => endpoint(request, source(), { signal, audit, alarm });

    try {
      if (request.isContradicted) throw contradicted();
      const response = await withDeadline(clock, kind.timeoutMs, answer).catch(tooLate);
      if (kind.logsSuccess) log("info", { outcome: "success", status: response.status });
      return response;
    } catch (error) {
      const response = kind.errorResponse(error);
      const failed = (response.status ?? 500) >= 500;
      log(failed ? "error" : "warn", {
        outcome: failed ? "failed" : "refused",
        status: response.status,
        reason: reasonOf(error),
      });
      return response;
    }
  };
}

/** Refused whoever calls: what a gateway has checked of such a request need not be what an endpoint acts on. */
function contradicted(): RequestError {
  return new RequestError(
    400,
    "Remove the member of the body, or the parameter of the URL, that is named Headers, Query, or like a parameter of the path, and any header x-ms-invocation-id: Azure Functions would take it for its own.",
  );
}

/** Ends a request whose time is over, whatever it waited for. */
function tooLate(error: unknown): never {
  if (!(error instanceof DOMException && error.name === "TimeoutError")) throw error;
  throw new Unavailable("deadline of the request", {
    detail: "The service took too long. A change may or may not have been made: look before you try again.",
    cause: error,
  });
}

function oauthErrorResponse(error: unknown): HttpResponseInit {
  const { code, description, status, headers } = toOAuthError(error);
  return json(status, { error: code, error_description: description }, { Pragma: "no-cache", ...headers });
}

function toOAuthError(error: unknown): OAuthError {
  const reason = reasonOf(error);
  if (error instanceof OAuthError) return error;
  if (error instanceof RequestError) {
    return new OAuthError("invalid_request", { description: error.detail, reason, status: error.status });
  }
  const retryAfter = retryAfterOf(error);
  if (retryAfter) {
    const description =
      "The service cannot answer right now. Nothing is wrong with the request: try again after the time in Retry-After.";
    return new OAuthError("temporarily_unavailable", { description, reason, headers: retryAfter });
  }
  return new OAuthError("server_error", {
    description: "The service failed. Nothing is wrong with the request.",
    reason,
  });
}

function problemResponse(error: unknown): HttpResponseInit {
  const problem = toProblem(error);
  return json(problem.status, problem, { "Content-Type": "application/problem+json", ...problem.headers });
}

function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof RequestError) return new Problem(error.status, { detail: error.detail });
  const retryAfter = retryAfterOf(error);
  if (retryAfter) {
    const detail =
      (error instanceof Unavailable && error.detail) ||
      "The service cannot answer right now: try again after the time in Retry-After.";
    return new Problem(503, { detail, headers: retryAfter });
  }
  return new Problem(500, { detail: "The service failed. Nothing is wrong with the request." });
}

/** `Retry-After` for what is our fault and may pass; `undefined` for anything else. */
function retryAfterOf(error: unknown): { "Retry-After": string } | undefined {
  if (error instanceof Unavailable) return { "Retry-After": String(error.retryAfterSeconds) };
  if (error instanceof ConfigError) return { "Retry-After": String(RETRY_AFTER_WRONG_SETTINGS_SECONDS) };
  return undefined;
}

/** What the log says of an error. The message of an unexpected one may quote input, so only its trace is told. */
export function reasonOf(error: unknown): string {
  if (error instanceof OAuthError || error instanceof Problem || error instanceof Unavailable) return error.reason;
  if (error instanceof RequestError || error instanceof ConfigError) return error.message;
  return traceOf(error);
}
