import { SCOPES } from "../shared/model/scopes.ts";

/** Configures node-oidc-provider for what is compared here: the client credentials grant, and JWTs signed with RS256 for one API. */
export function providerConfiguration(jwks: object, clients: object[] = []): object {
  const resource = process.env.TOKEN_AUDIENCE ?? "";
  return {
    jwks,
    clients,
    routes: { token: "/oauth/token" },
    scopes: [...SCOPES],
    ttl: { ClientCredentials: 1800 },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      externalSigningSupport: { enabled: true, ack: "experimental-01" },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => resource,
        getResourceServerInfo: () => ({
          scope: SCOPES.join(" "),
          audience: resource,
          accessTokenFormat: "jwt",
          accessTokenTTL: 1800,
          jwt: { sign: { alg: "RS256" } },
        }),
      },
    },
  };
}

/** A client as node-oidc-provider wants it. */
export function clientMetadata(clientId: string, clientSecret: string, scope: string): object {
  return {
    client_id: clientId,
    client_secret: clientSecret,
    scope,
    grant_types: ["client_credentials"],
    response_types: [],
    redirect_uris: [],
    token_endpoint_auth_method: "client_secret_post",
  };
}
