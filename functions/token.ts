import { app } from "@azure/functions";
import { type Endpoint, tokenEndpoint } from "../shared/endpoint.ts";
import { mediaType, readBody } from "../shared/http/body.ts";
import { OAUTH_PARAMETERS, parseForm } from "../shared/http/form.ts";
import { OAuthError } from "../shared/http/oauth-error.ts";
import { json } from "../shared/http/response.ts";
import { authenticateClient, readCredentials } from "../shared/tokens/client-auth.ts";
import { grantScopes } from "../shared/tokens/grant-scopes.ts";
import { beginToken } from "../shared/tokens/token-ahead.ts";

const MAX_BODY_BYTES = 8 * 1024;

/** `POST /oauth/token`: an access token for a client's credentials (RFC 6749 §4.4). */
export const token: Endpoint = async (request, { clients, secrets, hints, tokens, usage, clock }, context) => {
  if (request.method !== "POST") throw methodNotAllowed();
  if (mediaType(request) !== "application/x-www-form-urlencoded") throw wrongMediaType();
  if (OAUTH_PARAMETERS.some((name) => request.query.has(name))) throw parameterInUrl();

  const form = parseForm(await readBody(request, MAX_BODY_BYTES, context.signal));
  if (!form.grant_type) throw missingGrantType();
  if (form.grant_type !== "client_credentials") throw unsupportedGrantType();

  const credentials = readCredentials(request.headers.get("authorization"), form);
  const ahead = beginToken(credentials, form.scope, { hints, tokens }, context);
  const client = await authenticateClient(credentials, { clients, secrets }, context).catch(ahead.discard);
  const scopes = grantScopes(form.scope, client.scopes);

  const { accessToken, claims, expiresInSeconds, isReused } = await ahead.issue(client, scopes);
  usage.record(client.clientId, clock.now());
  context.audit.jti = claims.jti;
  context.audit.scope = claims.scope;
  if (isReused) context.audit.reused = true;

  const body = {
    access_token: accessToken,
    expires_in: expiresInSeconds,
    token_type: "Bearer",
    scope: claims.scope,
  };
  return json(200, body, { Pragma: "no-cache" });
};

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

app.http("token", {
  // All that can reach a function: with a method that is not registered the host would answer 404 in place of our 405.
  methods: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
  route: "oauth/token",
  handler: tokenEndpoint(token),
});
