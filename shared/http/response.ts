import { STRICT_TRANSPORT_MAX_AGE_SECONDS } from "../request/time-limits.ts";

/** The answer of an endpoint. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

const REQUEST_ID = "X-Request-Id";

/**
 * Adds the id of the request to an answer: that of the host's invocation, never one of the caller. A page of another origin may read it,
 * if the settings of the app let it read answers at all: those of the platform do not name headers.
 */
export function withRequestId({ headers, ...answer }: HttpResponse, requestId: string): HttpResponse {
  return { ...answer, headers: { ...headers, [REQUEST_ID]: requestId, "Access-Control-Expose-Headers": REQUEST_ID } };
}

/** Creates an answer in JSON that must not be cached. */
export function json(status: number, body: object, headers?: Readonly<Record<string, string>>): HttpResponse {
  return {
    status,
    headers: { "Content-Type": "application/json", "Cache-Control": "no-store", ...headers },
    body: JSON.stringify(body),
  };
}

/**
 * Adds the headers of every answer. A browser takes it for nothing but its media type (`nosniff`, Fetch Standard), and asks only over TLS
 * from then on. The second is for answers over https alone (RFC 6797 §7.2), and without `includeSubDomains`: other names of the domain
 * are not this service's.
 */
export function withSecurityHeaders(response: HttpResponse, isOverHttps: boolean): HttpResponse {
  const headers = {
    "X-Content-Type-Options": "nosniff",
    ...(isOverHttps && { "Strict-Transport-Security": `max-age=${STRICT_TRANSPORT_MAX_AGE_SECONDS}` }),
  };
  return { ...response, headers: { ...response.headers, ...headers } };
}
