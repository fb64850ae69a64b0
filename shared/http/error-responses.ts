import { STATUS_CODES } from "node:http";
import type { PublicError } from "../request/public-error.ts";
import { OPERATOR_RETRY_AFTER_SECONDS } from "../request/time-limits.ts";
import { InvalidInput } from "./invalid-input.ts";
import { OAuthError, type OAuthErrorCode } from "./oauth-error.ts";
import { type HttpResponse, json } from "./response.ts";

// The HTTP side of an endpoint, apart from Azure Functions: reading bodies and forms, and rendering errors. Every input is bounded before it
// is parsed. There are two renderers, since the token endpoint answers as RFC 6749 §5.2 requires and all other endpoints with problem
// details (RFC 9457). endpoint.ts alone calls them, so that no endpoint can word an error in its own way.

const FAILED = "The service failed. Nothing is wrong with the request.";

/**
 * Renders an error of the token endpoint (RFC 6749 §5.2), with a link to its section of the documentation if there is one. The id of the
 * request ends the description, since consoles of SOAR platforms show only the body. A 503 always has `Retry-After`: platforms ask again in
 * any case, and without a time they do it immediately. Where an operator has to act first, a minute spares both sides, and is soon enough
 * after the repair.
 */
export function oauthErrorResponse(error: PublicError, requestId: string, documentationUrl?: string): HttpResponse {
  const code = oauthCodeOf(error);
  const body = {
    error: code,
    error_description: `${oauthDescriptionOf(error)} (request ${requestId})`,
    ...(documentationUrl && { error_uri: `${documentationUrl}#${code}` }),
  };
  const challenge = error.status === 401 ? { "WWW-Authenticate": challengeOf(body) } : {};
  const retryAfter = error.status === 503 && { "Retry-After": String(OPERATOR_RETRY_AFTER_SECONDS) };
  return json(error.status, body, { Pragma: "no-cache", ...challenge, ...retryAfter, ...error.headers });
}

/**
 * Renders the challenge that a 401 requires (RFC 6749 §5.2, RFC 9110 §11.6.1), with the realm that Basic requires (RFC 7617 §2). It carries
 * the error as well, since openid-client, oauth4webapi and some clients in Java show nothing else of a 401.
 */
function challengeOf(body: Readonly<Record<string, string>>): string {
  const parameters = Object.entries({ realm: "socmate", ...body });
  // No value needs an escape (RFC 9110 §5.6.4): oauthDescriptionOf and config.ts leave neither a quote nor a backslash.
  return `Basic ${parameters.map(([name, value]) => `${name}="${value}"`).join(", ")}`;
}

/** Renders an error as problem details (RFC 9457 §3.1) with the extension member `errors` (§3.2); `about:blank` as in §4.2.1. */
export function problemResponse(error: PublicError, requestId: string): HttpResponse {
  const { status } = error;
  const problem = {
    type: "about:blank",
    title: STATUS_CODES[status],
    status,
    detail:
      error.detail ??
      (status === 503 ? "The service cannot answer right now: try again after the time in Retry-After." : FAILED),
    // RFC 9562 §4 has the form of a UUID as a URN.
    instance: `urn:uuid:${requestId}`,
    ...(error instanceof InvalidInput && { errors: error.errors }),
  };
  return json(status, problem, { "Content-Type": "application/problem+json", ...error.headers });
}

function oauthCodeOf(error: PublicError): OAuthErrorCode {
  if (error instanceof OAuthError) return error.code;
  if (error.status === 503) return "temporarily_unavailable";
  return error.status >= 500 ? "server_error" : "invalid_request";
}

/**
 * Returns the description in the characters of RFC 6749 §5.2. Platforms get one text for every failure that is a 503: its detail is
 * for administrators.
 */
function oauthDescriptionOf({ status, outcome, detail = FAILED }: PublicError): string {
  if (status !== 503 || outcome === "refused") return detail.replace(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, "?");
  return "The service cannot answer right now. Nothing is wrong with the request: try again after the time in Retry-After.";
}
