import { app } from "@azure/functions";
import { type Endpoint, tokenEndpoint } from "../shared/endpoint.ts";
import { methodsExcept } from "../shared/http/methods.ts";
import { json } from "../shared/http/response.ts";
import { readTokenRequest } from "../shared/tokens/token-request.ts";

/** `POST /oauth/token`: issues an access token for the credentials of a client (RFC 6749 §4.4). */
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
  methods: methodsExcept(),
  route: "oauth/token",
  handler: tokenEndpoint(token),
});
