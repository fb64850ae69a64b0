import { errors, type JWTVerifyGetKey, jwtVerify } from "jose";
import * as z from "zod";
import type { HttpRequest } from "../http/http-request.ts";
import type { Clock } from "../request/clock.ts";
import type { RequestContext } from "../request/context.ts";
import { PublicError, type Reason } from "../request/public-error.ts";
import { createIssuerKeys } from "./issuer-keys.ts";

// The identity of administrators, and the client that the path of an admin request names. Administrators authenticate with a token of the
// admin issuer (Entra ID in production), which is never this service (config.ts): an access token of a client cannot pass for an admin
// token, since the two have neither an issuer nor a key in common.

/** The issuer and the role of the admin tokens that are accepted. */
export interface AdminSettings {
  readonly issuer: string;
  readonly audience: string;
  readonly jwksUrl: string;
  readonly role: string;
}

/** A SoCMate administrator. */
export interface Admin {
  /** `oid` of the admin token, else `sub`. */
  id: string;
}

/** Authenticates administrators. */
export interface AdminAuthenticator {
  /**
   * Verifies the admin token of a request. No header of a gateway is trusted in its place.
   *
   * @throws PublicError 401 without a valid token, 403 without the admin role.
   * @throws Unavailable while the issuer's keys cannot be fetched.
   */
  authenticate(request: HttpRequest, context: RequestContext): Promise<Admin>;
}

/** Headers of a token that name a key of its own. Only the keys of the issuer are trusted (RFC 8725 §3.10). */
const FOREIGN_KEY_HEADERS = ["jku", "jwk", "x5u", "x5c"];

const identifier = z.string().regex(/^[\x21-\x7e]{1,128}$/);
const claimsSchema = z.object({
  oid: identifier.optional(),
  sub: identifier.optional(),
  roles: z.array(z.unknown()).catch([]),
});

/** Creates the authenticator for the configured issuer. Its keys are fetched at first use. */
export function createAdminAuthenticator(
  { issuer, audience, jwksUrl, role }: AdminSettings,
  clock: Clock,
): AdminAuthenticator {
  const issuerKeys = createIssuerKeys(jwksUrl, clock);
  const keyOf = (context: RequestContext): JWTVerifyGetKey => {
    const lookUp = issuerKeys(context);
    return (header, token) => {
      if (FOREIGN_KEY_HEADERS.some((name) => name in header))
        throw new errors.JWSInvalid("token names a key of its own");
      return lookUp(header, token);
    };
  };

  return {
    async authenticate(request, context) {
      const token = bearerToken(request.headers.get("authorization"));
      const { payload } = await jwtVerify(token, keyOf(context), {
        issuer,
        audience,
        algorithms: ["RS256"],
        requiredClaims: ["exp"],
        currentDate: clock.now(),
      }).catch((error) => {
        throw error instanceof errors.JOSEError ? invalidToken(error.code) : error;
      });

      const { oid, sub, roles } = claimsSchema.safeParse(payload).data ?? {};
      const id = oid ?? sub;
      if (!id) throw invalidToken("neither oid nor sub");
      context.audit.actor = id;
      if (!roles?.includes(role)) {
        throw new PublicError(403, {
          detail: `The admin token lacks the role "${role}".`,
          reason: "admin_role_missing",
        });
      }
      return { id };
    },
  };
}

function bearerToken(authorization: string | null): string {
  if (!authorization) throw unauthorized("Bearer", "no_admin_token");
  const [, token] = /^Bearer +([\w.~+/-]+=*)$/i.exec(authorization) ?? [];
  if (!token) throw unauthorized("Bearer", "malformed_authorization");
  return token;
}

function invalidToken(note: string): PublicError {
  return unauthorized('Bearer error="invalid_token"', "invalid_admin_token", note);
}

/** A request without a token gets a challenge without an error code (RFC 6750 §3.1). */
function unauthorized(challenge: string, reason: Reason, note?: string): PublicError {
  return new PublicError(401, {
    detail: "Send a valid admin token: Authorization: Bearer <admin token>.",
    reason,
    note,
    headers: { "WWW-Authenticate": challenge },
  });
}
