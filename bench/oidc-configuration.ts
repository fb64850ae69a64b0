import { SCOPES } from "../shared/model/scopes.ts";

/** Configures node-oidc-provider for the client credentials grant and for RS256 JWTs of one audience. */
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

/** Returns a client in the form that node-oidc-provider expects. */
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
