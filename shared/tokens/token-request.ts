import { mediaType, readBody } from "../http/body.ts";
import { OAUTH_PARAMETERS, parseForm } from "../http/form.ts";
import type { HttpRequest } from "../http/http-request.ts";
import { OAuthError } from "../http/oauth-error.ts";
import type { RequestContext } from "../request/context.ts";
import { type Credentials, readCredentials } from "./client-auth.ts";
import { wellFormed } from "./well-formed.ts";

const MAX_BODY_BYTES = 8 * 1024;

/** A token request of the client credentials grant (RFC 6749 §4.4.2). */
export interface TokenRequest {
  readonly credentials: Credentials;
  /** The requested scope; `undefined` requests all scopes of the client (§3.3). */
  readonly scope: string | undefined;
}

/**
 * Reads and checks a token request, without a call to a store.
 *
 * @throws OAuthError for another method, media type or grant, for parameters in the URL, and for missing or malformed credentials.
 * @throws PublicError for a body that cannot be read.
 */
export async function readTokenRequest(request: HttpRequest, { signal, audit }: RequestContext): Promise<TokenRequest> {
  if (request.method !== "POST") throw methodNotAllowed();
  if (mediaType(request) !== "application/x-www-form-urlencoded") throw wrongMediaType();
  if (OAUTH_PARAMETERS.some((name) => request.query.has(name))) throw parameterInUrl();

  const form = parseForm(await readBody(request, MAX_BODY_BYTES, signal));
  if (!form.grant_type) throw missingGrantType();
  if (form.grant_type !== "client_credentials") throw unsupportedGrantType();
  const credentials = readCredentials(request.headers.get("authorization"), form);
  return { credentials: wellFormed(credentials, audit), scope: form.scope };
}

function methodNotAllowed(): OAuthError {
  return new OAuthError("invalid_request", {
    status: 405,
    headers: { Allow: "POST" },
    detail: "Use POST.",
    reason: "method_not_allowed",
  });
}

function wrongMediaType(): OAuthError {
  return new OAuthError("invalid_request", {
    detail: "Send the parameters as a form: Content-Type: application/x-www-form-urlencoded.",
    reason: "wrong_media_type",
  });
}

function parameterInUrl(): OAuthError {
  return new OAuthError("invalid_request", {
    detail: "Send grant_type, scope and credentials in the form in the body, not in the URL.",
    reason: "parameter_in_url",
  });
}

function missingGrantType(): OAuthError {
  return new OAuthError("invalid_request", {
    detail: "The parameter grant_type is missing: send grant_type=client_credentials in the form in the body.",
    reason: "missing_grant_type",
  });
}

function unsupportedGrantType(): OAuthError {
  return new OAuthError("unsupported_grant_type", {
    detail: "Send grant_type=client_credentials: it is the only grant here.",
    reason: "unsupported_grant_type",
  });
}
