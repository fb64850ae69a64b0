import * as oauth from "oauth4webapi";
import { expect, test } from "vitest";
import { ALL_SCOPES } from "../support/test-service.ts";
import { startBehindTls } from "../support/tls-front.ts";

const { front, createClient, admin } = await startBehindTls();
const issuer = new URL(front.url);
const { clientId, clientSecret } = await createClient();
const client: oauth.Client = { client_id: clientId };

const discover = async (algorithm: "oauth2" | "oidc") =>
  oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm }));
const server = await discover("oauth2");

async function tokenBy(authentication: oauth.ClientAuth, parameters: Record<string, string> = {}) {
  const response = await oauth.clientCredentialsGrantRequest(server, client, authentication, parameters);
  return oauth.processClientCredentialsResponse(server, client, response);
}

/** Presents a token to an API and lets the library judge it as a resource server does (RFC 9068 §4). */
function validate(accessToken: string, audience = front.url) {
  const request = new Request(`${front.url}/api/v1/search`, { headers: { authorization: `Bearer ${accessToken}` } });
  return oauth.validateJwtAccessToken(server, request, audience);
}

test.for(["oauth2", "oidc"] as const)("oauth4webapi accepts the metadata of %s discovery", async (algorithm) => {
  expect(await discover(algorithm)).toMatchObject({
    issuer: front.url,
    token_endpoint: `${front.url}/oauth/token`,
    token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
  });
});

test.for([
  ["client_secret_post", oauth.ClientSecretPost(clientSecret)],
  ["client_secret_basic", oauth.ClientSecretBasic(clientSecret)],
] as const)("oauth4webapi gets a token by %s and accepts it as a JWT access token", async ([, authentication]) => {
  const answer = await tokenBy(authentication);
  expect(answer).toEqual({
    access_token: expect.any(String),
    expires_in: 1800,
    token_type: "bearer",
    scope: ALL_SCOPES.join(" "),
  });
  expect(await validate(answer.access_token)).toMatchObject({
    iss: front.url,
    aud: front.url,
    sub: clientId,
    client_id: clientId,
    scope: ALL_SCOPES.join(" "),
  });
});

test("oauth4webapi gets a token for one of the scopes of its client", async () => {
  const { access_token: token, scope } = await tokenBy(oauth.ClientSecretPost(clientSecret), { scope: "graph:read" });
  expect(scope).toBe("graph:read");
  expect(await validate(token)).toMatchObject({ scope: "graph:read" });
});

test("oauth4webapi refuses a token at an API that is not its audience", async () => {
  const { access_token: token } = await tokenBy(oauth.ClientSecretPost(clientSecret));
  await expect(validate(token, "https://another.example")).rejects.toMatchObject({
    code: oauth.JWT_CLAIM_COMPARISON,
  });
});

test("oauth4webapi understands the error for a wrong scope", async () => {
  await expect(tokenBy(oauth.ClientSecretPost(clientSecret), { scope: "everything" })).rejects.toMatchObject({
    name: "ResponseBodyError",
    status: 400,
    error: "invalid_scope",
    error_description: expect.any(String),
  });
});

test("[check 63] oauth4webapi reads the error of a disabled client in the challenge", async () => {
  const disabled = await createClient();
  await admin("DELETE", `/${disabled.clientId}`);
  const response = await oauth.clientCredentialsGrantRequest(
    server,
    { client_id: disabled.clientId },
    oauth.ClientSecretBasic(disabled.clientSecret),
    {},
  );
  await expect(oauth.processClientCredentialsResponse(server, client, response)).rejects.toMatchObject({
    name: "WWWAuthenticateChallengeError",
    status: 401,
    cause: [
      {
        scheme: "basic",
        parameters: {
          realm: "socmate",
          error: "invalid_client",
          error_description: expect.stringContaining("check client_id and client_secret"),
        },
      },
    ],
  });
});
