import { createRemoteJWKSet, jwtVerify } from "jose";
import * as openid from "openid-client";
import { expect, test } from "vitest";
import { startBehindTls } from "../support/tls-front.ts";

const { front, createClient } = await startBehindTls();
const { clientId, clientSecret } = await createClient();

test.for([
  ["oidc", "client_secret_post", openid.ClientSecretPost(clientSecret)],
  ["oidc", "client_secret_basic", openid.ClientSecretBasic(clientSecret)],
  ["oauth2", "client_secret_post", openid.ClientSecretPost(clientSecret)],
  ["oauth2", "client_secret_basic", openid.ClientSecretBasic(clientSecret)],
] as const)(
  "openid-client discovers the service by %s, gets a token by %s and verifies it with the discovered key set",
  async ([algorithm, , authentication]) => {
    const configuration = await openid.discovery(new URL(front.url), clientId, undefined, authentication, {
      algorithm,
    });
    const token = await openid.clientCredentialsGrant(configuration, { scope: "search:read graph:read" });
    expect(token).toMatchObject({ token_type: "bearer", expires_in: 1800, scope: "search:read graph:read" });
    expect(token.expiresIn()).toBeGreaterThan(1700);

    const { issuer, jwks_uri: keysUrl = "" } = configuration.serverMetadata();
    const { payload } = await jwtVerify(token.access_token, createRemoteJWKSet(new URL(keysUrl)), {
      issuer,
      audience: front.url,
      typ: "at+jwt",
    });
    expect(payload).toMatchObject({ sub: clientId, client_id: clientId, scope: "search:read graph:read" });
  },
);

test("[check 63] openid-client distinguishes the errors of a wrong secret and of a wrong scope", async () => {
  const discover = (secret: string) =>
    openid.discovery(new URL(front.url), clientId, undefined, openid.ClientSecretPost(secret));
  await expect(openid.clientCredentialsGrant(await discover("wrong"))).rejects.toMatchObject({
    code: "OAUTH_WWW_AUTHENTICATE_CHALLENGE",
    status: 401,
    cause: [{ parameters: { error: "invalid_client", error_description: expect.stringContaining("client_secret") } }],
  });
  await expect(openid.clientCredentialsGrant(await discover(clientSecret), { scope: "wrong" })).rejects.toMatchObject({
    status: 400,
    error: "invalid_scope",
  });
});
