import { errors, jwtVerify } from "jose";
import type { HttpRequest } from "../http/http-request.ts";
import type { Clock } from "../request/clock.ts";
import type { RequestContext } from "../request/context.ts";
import { PublicError, type Reason } from "../request/public-error.ts";
import { ADMIN_TOKEN_NBF_TOLERANCE_SECONDS } from "../request/time-limits.ts";
import { type AdminTokenRules, checkForm, readClaims, TokenFault } from "./admin-token.ts";
import { createIssuerKeys } from "./issuer-keys.ts";

// The identity of administrators, and the client that the path of an admin request names. Administrators authenticate with an access token
// of the admin issuer (Entra ID in production), which is never this service (config.ts): an access token of a client cannot pass for an
// admin token, since the two have neither an issuer nor a key in common. admin-token.ts has the rules beside those of every JWT.

/** The issuer and the role of the admin tokens that are accepted. */
export interface AdminSettings extends AdminTokenRules {
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
   * @throws PublicError 401 without a valid token, 403 without the scope of the admin API or the admin role.
   * @throws Unavailable while the issuer's keys cannot be fetched.
   */
  authenticate(request: HttpRequest, context: RequestContext): Promise<Admin>;
}

/** Creates the authenticator for the configured issuer. Its keys are fetched at first use. */
export function createAdminAuthenticator(settings: AdminSettings, clock: Clock): AdminAuthenticator {
  const { issuer, audience, role, scope } = settings;
  const issuerKeys = createIssuerKeys(settings.jwksUrl, clock);

  /** Verifies a token by the rules of every JWT, and by those of admin tokens. */
  const verify = async (token: string, context: RequestContext) => {
    const currentDate = clock.now();
    try {
      checkForm(token);
      const { payload } = await jwtVerify(token, issuerKeys(context), {
        issuer,
        audience,
        algorithms: ["RS256"],
        requiredClaims: ["exp"],
        // For nbf: readClaims compares exp to the second.
        clockTolerance: ADMIN_TOKEN_NBF_TOLERANCE_SECONDS,
        currentDate,
      });
      return readClaims(payload, settings, currentDate);
    } catch (error) {
      if (error instanceof TokenFault) throw invalidToken(error.message);
      if (error instanceof errors.JWTClaimValidationFailed || error instanceof errors.JWTExpired) {
        throw invalidToken(error.claim);
      }
      throw error instanceof errors.JOSEError ? invalidToken(error.code) : error;
    }
  };

  return {
    async authenticate(request, context) {
      const { id, roles, hasScope } = await verify(bearerToken(request.headers.get("authorization")), context);
      context.audit.actor = id;
      if (!hasScope) {
        throw new PublicError(403, {
          detail: `The admin token lacks the scope "${scope}".`,
          reason: "admin_scope_missing",
          // RFC 6750 §3.1
          headers: { "WWW-Authenticate": `Bearer error="insufficient_scope", scope="${scope}"` },
        });
      }
      if (!roles.includes(role)) {
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
