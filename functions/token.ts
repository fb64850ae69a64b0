import { app } from "@azure/functions";
import { type Endpoint, tokenEndpoint } from "../shared/endpoint.ts";
import { json } from "../shared/http/response.ts";
import { readTokenRequest } from "../shared/tokens/token-request.ts";

/** `POST /oauth/token`: an access token for a client's credentials (RFC 6749 §4.4). */
export const token: Endpoint = async (request, { tokens }, context) => {
  const { credentials, scope } = await readTokenRequest(request, context);
  const issued = await tokens.issue(credentials, scope, context);
  const body = {
    access_token: issued.accessToken,
    expires_in: issued.expiresInSeconds,
    token_type: "Bearer",
    scope: issued.claims.scope,
  };
  return json(200, body, { Pragma: "no-cache" });
};

app.http("token", {
  // All that can reach a function: with a method that is not registered the host would answer 404 in place of our 405.
  methods: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
  route: "oauth/token",
  handler: tokenEndpoint(token),
});
