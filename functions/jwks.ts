import { app } from "@azure/functions";
import { type Endpoint, publicEndpoint } from "../shared/endpoint.ts";
import { methodsExcept, requireMethod } from "../shared/http/methods.ts";
import { json } from "../shared/http/response.ts";

/** `GET /.well-known/jwks.json`: returns the public keys that verify access tokens (RFC 7517 §5). */
export const jwks: Endpoint = async (request, { signer }) => {
  requireMethod(request, "GET", "HEAD");
  const { keys, maxAgeSeconds } = await signer.jwks();
  return json(200, { keys }, maxAgeSeconds > 0 ? { "Cache-Control": `public, max-age=${maxAgeSeconds}` } : {});
};

app.http("jwks", { methods: methodsExcept(), route: ".well-known/jwks.json", handler: publicEndpoint(jwks) });
