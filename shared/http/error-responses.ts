import { STATUS_CODES } from "node:http";
import type { PublicError } from "../request/public-error.ts";
import { InvalidInput } from "./invalid-input.ts";
import { OAuthError, type OAuthErrorCode } from "./oauth-error.ts";
import { type HttpResponse, json } from "./response.ts";

const FAILED = "The service failed. Nothing is wrong with the request.";

/** Renders an error as RFC 6749 §5.2 has it. */
export function oauthErrorResponse(error: PublicError): HttpResponse {
  const body = { error: oauthCodeOf(error), error_description: oauthDescriptionOf(error) };
  return json(error.status, body, { Pragma: "no-cache", ...error.headers });
}

/** Renders an error as RFC 9457 §3.1 has it, with the member `errors` as §3.2 allows; `about:blank` says that the status tells the type. */
export function problemResponse(error: PublicError): HttpResponse {
  const { status } = error;
  const problem = {
    type: "about:blank",
    title: STATUS_CODES[status],
    status,
    detail:
      error.detail ??
      (status === 503 ? "The service cannot answer right now: try again after the time in Retry-After." : FAILED),
    ...(error instanceof InvalidInput && { errors: error.errors }),
  };
  return json(status, problem, { "Content-Type": "application/problem+json", ...error.headers });
}

function oauthCodeOf(error: PublicError): OAuthErrorCode {
  if (error instanceof OAuthError) return error.code;
  if (error.status === 503) return "temporarily_unavailable";
  return error.status >= 500 ? "server_error" : "invalid_request";
}

/** A failure gets one text here, whatever it says to administrators. */
function oauthDescriptionOf({ status, detail = FAILED }: PublicError): string {
  if (status !== 503) return detail;
  return "The service cannot answer right now. Nothing is wrong with the request: try again after the time in Retry-After.";
}
