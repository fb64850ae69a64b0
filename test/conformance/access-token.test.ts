import { createPublicKey, verify } from "node:crypto";
import {
  calculateJwkThumbprint,
  createRemoteJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  type JWK,
  jwtVerify,
} from "jose";
import { expect, test } from "vitest";
import { z } from "zod";
import { bodyOf, send } from "../support/http.ts";
import { ALL_SCOPES, startTestService } from "../support/test-service.ts";

const { url, stack, createClient, requestToken } = await startTestService();
const { TOKEN_ISSUER: issuer = "", TOKEN_AUDIENCE: audience = "" } = stack.settings;
const client = await createClient();

const tokenResponse = z.object({ access_token: z.string() });
const newToken = async (more?: Record<string, string>) =>
  tokenResponse.parse(bodyOf(await requestToken(client, more))).access_token;
const decodedPart = (token: string, part: 0 | 1): string =>
  Buffer.from(token.split(".")[part] ?? "", "base64url").toString();

test("[check 22] RFC 9068 §2.1: the header of a token has alg first, then typ at+jwt, then kid, and nothing else", async () => {
  const token = await newToken();
  const { kid } = decodeProtectedHeader(token);
  expect(kid).toMatch(/^[\w-]{43}$/);
  expect(decodedPart(token, 0)).toBe(JSON.stringify({ alg: "RS256", typ: "at+jwt", kid }));
});

test("[check 23] RFC 9068 §2.2: a token has issuer, audience, client, scope, lifetime and jti as claims, and nothing else", async () => {
  const before = Math.floor(Date.now() / 1000);
  const claims = decodeJwt(await newToken({ scope: "graph:read search:read" }));
  expect(claims).toEqual({
    iss: issuer,
    aud: audience,
    sub: client.clientId,
    client_id: client.clientId,
    scope: "search:read graph:read",
    iat: expect.any(Number),
    exp: (claims.iat ?? 0) + 1800,
    jti: expect.stringMatching(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/),
  });
  expect(claims.iat).toBeGreaterThanOrEqual(before);
  expect(claims.iat).toBeLessThanOrEqual(Date.now() / 1000);
});

test("[check 23] RFC 7515 §5.2, RFC 9068 §4: a verifier that has the key set alone accepts the token", async () => {
  const keys = createRemoteJWKSet(new URL(`${url}/.well-known/jwks.json`));
  const { payload } = await jwtVerify(await newToken(), keys, {
    issuer,
    audience,
    typ: "at+jwt",
    algorithms: ["RS256"],
    requiredClaims: ["exp", "iat", "sub", "jti", "client_id"],
  });
  expect(payload.scope).toBe(ALL_SCOPES.join(" "));
});

test("RFC 7515 §5.2: a token with any part changed does not verify", async () => {
  const [header = "", payload = "", signature = ""] = (await newToken()).split(".");
  const jwk = publishedKeys.parse(bodyOf(await send(`${url}/.well-known/jwks.json`))).keys[0];
  const key = createPublicKey({ key: jwk as JWK, format: "jwk" });
  const verifies = (input: string) => verify("sha256", Buffer.from(input), key, Buffer.from(signature, "base64url"));
  expect(verifies(`${header}.${payload}`)).toBe(true);
  const raised = { ...decodeJwt(`${header}.${payload}.${signature}`), scope: "admin" };
  expect(verifies(`${header}.${Buffer.from(JSON.stringify(raised)).toString("base64url")}`)).toBe(false);
});

test("[check 24] RFC 9068 §2.2: no two tokens have the same jti", async () => {
  // Ten each: of more at once, some would be the same token.
  const clients = await Promise.all(Array.from({ length: 5 }, () => createClient()));
  const answers = await Promise.all(clients.flatMap((one) => Array.from({ length: 10 }, () => requestToken(one))));
  const tokens = answers.map((answer) => tokenResponse.parse(bodyOf(answer)).access_token);
  expect(new Set(tokens.map((token) => decodeJwt(token).jti)).size).toBe(50);
});

const metadataAt = (path: string) => send(`${url}/.well-known/${path}`);
const PUBLIC_HEADERS = { "content-type": "application/json", "cache-control": "public, max-age=300" };
const publishedKeys = z.object({ keys: z.array(z.record(z.string(), z.string())) });

test("[check 25] RFC 8414 §3.3: the iss of a token is the issuer of the metadata, byte for byte", async () => {
  const { iss } = decodeJwt(await newToken());
  for (const path of ["oauth-authorization-server", "openid-configuration"]) {
    expect(bodyOf(await metadataAt(path))).toMatchObject({ issuer: iss });
  }
});

test("[check 26] RFC 7517 §5: the key set shows the public members of RSA keys alone, and may be cached", async () => {
  const answer = await metadataAt("jwks.json");
  const { keys } = publishedKeys.parse(bodyOf(answer));
  expect(answer).toEqual({ status: 200, headers: PUBLIC_HEADERS, text: JSON.stringify({ keys }) });
  expect(keys.length).toBeGreaterThan(0);
  for (const key of keys) {
    expect(Object.keys(key)).toEqual(["kty", "use", "alg", "kid", "n", "e"]);
    expect(key).toMatchObject({ kty: "RSA", use: "sig", alg: "RS256", kid: await calculateJwkThumbprint(key) });
    expect(
      createPublicKey({ key: key as JWK, format: "jwk" }).asymmetricKeyDetails?.modulusLength,
    ).toBeGreaterThanOrEqual(2048);
  }
  expect(new Set(keys.map(({ kid }) => kid)).size).toBe(keys.length);
});

const SERVER_METADATA = {
  issuer,
  token_endpoint: `${issuer}/oauth/token`,
  jwks_uri: `${issuer}/.well-known/jwks.json`,
  scopes_supported: ALL_SCOPES,
  response_types_supported: ["none"],
  grant_types_supported: ["client_credentials"],
  token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
};

test("[check 27] RFC 8414 §2: the metadata states endpoints, scopes, the grant and both ways to authenticate", async () => {
  expect(await metadataAt("oauth-authorization-server")).toEqual({
    status: 200,
    headers: PUBLIC_HEADERS,
    text: JSON.stringify(SERVER_METADATA),
  });
});

test("[check 27] OpenID Connect Discovery §3: the discovery document has the metadata and the members that discovery requires", async () => {
  expect(await metadataAt("openid-configuration")).toEqual({
    status: 200,
    headers: PUBLIC_HEADERS,
    text: JSON.stringify({
      ...SERVER_METADATA,
      authorization_endpoint: `${issuer}/oauth/authorize`,
      subject_types_supported: ["public"],
      id_token_signing_alg_values_supported: ["RS256"],
    }),
  });
});

test.for(["jwks.json", "oauth-authorization-server", "openid-configuration"])(
  "RFC 9110 §9.3.2: answers HEAD for %s with the headers of GET",
  async (path) => {
    const { status, headers } = await metadataAt(path);
    const head = await send(`${url}/.well-known/${path}`, { method: "HEAD" });
    expect(head).toEqual({ status, headers, text: "" });
  },
);

test("GET /health tells the state of each part and nothing else", async () => {
  const answer = await send(`${url}/health`);
  expect(answer).toMatchObject({
    status: 200,
    headers: { "content-type": "application/json", "cache-control": "no-store" },
  });
  const { keys } = publishedKeys.parse(bodyOf(await send(`${url}/.well-known/jwks.json`)));
  const since = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  expect(bodyOf(answer)).toEqual({
    status: "ok",
    table: "ok",
    secrets_vault: "ok",
    signing_key: "ok",
    signing_vaults: [
      {
        reachable: true,
        active: { kid: keys[0]?.kid, since, expires_at: null, days_left: null },
        next: null,
        expired_at: null,
        published: 1,
      },
    ],
  });
});
