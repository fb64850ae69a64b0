import { PublicError } from "../request/public-error.ts";
import type { HttpRequest } from "./http-request.ts";

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;
type Method = (typeof METHODS)[number];

/**
 * Returns the methods for the registration of a function: all that the Functions host can route, except those of another function with the
 * same route. The host answers 404 to a method that no function of a route registers, where RFC 9110 §15.5.6 has 405.
 */
export function methodsExcept(...others: Method[]): Method[] {
  return METHODS.filter((method) => !others.includes(method));
}

/**
 * Refuses a method that a route does not have (RFC 9110 §15.5.6). HEAD is answered as GET, and the HTTP server leaves the body out
 * (§9.3.2).
 *
 * @throws PublicError 405 with `Allow`.
 */
export function requireMethod(request: HttpRequest, ...allowed: Method[]): void {
  if (allowed.some((method) => method === request.method)) return;
  throw new PublicError(405, {
    detail: `Use ${allowed.join(" or ")}.`,
    reason: "method_not_allowed",
    headers: { Allow: allowed.join(", ") },
  });
}
