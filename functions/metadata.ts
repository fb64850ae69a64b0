import { app } from "@azure/functions";
import { type Endpoint, publicEndpoint } from "../shared/endpoint.ts";
import { methodsExcept, requireMethod } from "../shared/http/methods.ts";
import { json } from "../shared/http/response.ts";
import { SCOPES } from "../shared/model/scopes.ts";
import { METADATA_MAX_AGE_SECONDS } from "../shared/request/time-limits.ts";

const CACHEABLE = { "Cache-Control": `public, max-age=${METADATA_MAX_AGE_SECONDS}` };

/** `GET /.well-known/oauth-authorization-server`: returns the metadata of the authorization server (RFC 8414 §2). */
export const metadata: Endpoint = async (request, { config }) => {
  requireMethod(request, "GET", "HEAD");
  return json(200, serverMetadata(config.tokenIssuer), CACHEABLE);
};

/** `GET /.well-known/openid-configuration`: returns the same for verifiers that support only it, such as API Management. */
export const openidConfiguration: Endpoint = async (request, { config }) => {
  requireMethod(request, "GET", "HEAD");
  const discovery = {
    ...serverMetadata(config.tokenIssuer),
    // Required by OpenID Connect Discovery §3, although there is no sign-in and no ID token.
    authorization_endpoint: `${config.tokenIssuer}/oauth/authorize`,
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["RS256"],
  };
  return json(200, discovery, CACHEABLE);
};

function serverMetadata(issuer: string) {
  return {
    issuer,
    token_endpoint: `${issuer}/oauth/token`,
    jwks_uri: `${issuer}/.well-known/jwks.json`,
    scopes_supported: SCOPES,
    // There is no authorization endpoint; RFC 8414 §2 requires the member and §3.2 forbids an empty array.
    response_types_supported: ["none"],
    grant_types_supported: ["client_credentials"],
    token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
  };
}

app.http("metadata", {
  methods: methodsExcept(),
  route: ".well-known/oauth-authorization-server",
  handler: publicEndpoint(metadata),
});
app.http("openidConfiguration", {
  methods: methodsExcept(),
  route: ".well-known/openid-configuration",
  handler: publicEndpoint(openidConfiguration),
});
