import { createHmac, createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { createServer } from "node:http";
import { HttpRequest } from "@azure/functions";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Claims } from "../../../local/azure/admin-issuer.ts";
import { encodeJwt } from "../../../local/azure/jwt.ts";
import { close, listen } from "../../../local/server/http-server.ts";
import { createAdminAuthenticator } from "../../../shared/admin/admin-auth.ts";
import { Unavailable } from "../../../shared/request/retry.ts";
import { accessTokenClaims } from "../../../shared/signing/access-token.ts";
import { createClock } from "../../fakes/fake-clock.ts";
import { createContext } from "../../fakes/fake-context.ts";
import { createFakeServices } from "../../fakes/fake-services.ts";

const services = await createFakeServices();
const { azure, config } = services;
const issuer = azure.adminIssuer;
const iat = Math.floor(services.clock.now().getTime() / 1000);

const requestWith = (headers: Record<string, string>) =>
  new HttpRequest({ method: "GET", url: "http://127.0.0.1/api/admin/api-clients", headers });

function authenticate(
  authorization: string | undefined,
  headers: Record<string, string> = {},
  context = createContext(),
) {
  const sent = { ...headers, ...(authorization !== undefined && { authorization }) };
  return services.admins.authenticate(requestWith(sent), context);
}
const withToken = (token: string) => authenticate(`Bearer ${token}`);
const withClaims = (claims: Claims) => withToken(services.adminToken(claims));

const refusedWith = (challenge: string) =>
  expect.objectContaining({
    name: "PublicError",
    status: 401,
    detail: "Send a valid admin token: Authorization: Bearer <admin token>.",
    headers: { "WWW-Authenticate": challenge },
  });
const invalidToken = refusedWith('Bearer error="invalid_token"');
const noToken = refusedWith("Bearer");
const forbidden = expect.objectContaining({ status: 403, detail: 'The admin token lacks the role "admin".' });

describe("an administrator", () => {
  test("identifies an administrator by oid, else by sub", async () => {
    await expect(withClaims({})).resolves.toEqual({ id: "10ca1000-0000-4000-8000-00000000000a" });
    await expect(withClaims({ oid: undefined })).resolves.toEqual({ id: "local-administrator" });
  });

  test("accepts an admin token with further roles and audiences, and the scheme in any case", async () => {
    await expect(withClaims({ roles: ["Reader", "admin"] })).resolves.toBeDefined();
    await expect(withClaims({ aud: ["other", issuer.audience] })).resolves.toBeDefined();
    await expect(authenticate(`bearer  ${services.adminToken()}`)).resolves.toBeDefined();
  });

  test("an administrator is the actor in the log, even without the role", async () => {
    const context = createContext();
    await expect(authenticate(`Bearer ${services.adminToken({ roles: [] })}`, {}, context)).rejects.toThrow(forbidden);
    expect(context.audit).toEqual({ actor: "10ca1000-0000-4000-8000-00000000000a" });
  });
});

describe("a refused administrator", () => {
  test.for([undefined, ""])("refuses an admin request without a token: %j [check 38]", async (authorization) => {
    await expect(authenticate(authorization)).rejects.toThrow(noToken);
  });

  test.for(["Bearer", "Bearer a b", "Basic YTpi", `Bearer ${"a".repeat(10)}, Bearer b`, "Bearer \u00e9", "x"])(
    "refuses an admin request with the Authorization header %s [check 38]",
    async (authorization) => {
      await expect(authenticate(authorization)).rejects.toThrow(noToken);
    },
  );

  test("ignores an identity in the headers of a gateway [check 38]", async () => {
    const principal = Buffer.from(JSON.stringify({ auth_typ: "aad", claims: [{ typ: "roles", val: "admin" }] }));
    const headers = {
      "x-ms-client-principal": principal.toString("base64"),
      "x-ms-client-principal-id": "admin",
      "x-ms-client-principal-name": "admin",
      "x-forwarded-user": "admin",
    };
    await expect(authenticate(undefined, headers)).rejects.toThrow(noToken);
  });

  test.for<[string, Claims]>([
    ["expired", { exp: iat }],
    ["without exp", { exp: undefined }],
    ["with an exp that is not a number", { exp: "2099-01-01" }],
    ["not valid yet", { nbf: iat + 1 }],
    ["of another issuer", { iss: "https://login.example" }],
    ["of an issuer that is a prefix of ours", { iss: issuer.issuer.slice(0, -1) }],
    ["of our issuer with a slash", { iss: `${issuer.issuer}/` }],
    ["without an issuer", { iss: undefined }],
    ["for another audience", { aud: "api://other" }],
    ["for no audience", { aud: undefined }],
    ["without oid and sub", { oid: undefined, sub: undefined }],
    ["with an empty id", { oid: "", sub: "" }],
    ["with an object as id", { oid: {} }],
    ["with a line break in its id", { oid: "a\nb" }],
    ["with too long an id", { oid: "a".repeat(129) }],
  ])("refuses an admin token %s [check 38]", async ([, claims]) => {
    await expect(withClaims(claims)).rejects.toThrow(invalidToken);
  });

  test.for<[string, unknown]>([
    ["no roles", undefined],
    ["an empty array", []],
    ["another role", ["notadmin"]],
    ["another case", ["Admin"]],
    ["space around it", [" admin"]],
    ["a plain string", "admin"],
    ["a string of several", "reader admin"],
    ["an object", { admin: true }],
    ["an array in an array", [["admin"]]],
    ["null", null],
  ])("refuses an admin token with the roles: %s [check 38]", async ([, roles]) => {
    await expect(withClaims({ roles })).rejects.toThrow(forbidden);
  });

  const claims = { iss: issuer.issuer, aud: issuer.audience, oid: "admin", roles: ["admin"], iat, exp: iat + 3600 };
  const stranger = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const strangerJwk = stranger.publicKey.export({ format: "jwk" });
  const header = { alg: "RS256", typ: "JWT", kid: issuer.kid };
  const signedByStranger = (more: object) => encodeSigned({ ...header, ...more }, claims, stranger.privateKey);
  const ourPublicKey = createPublicKey(issuer.privateKey).export({ type: "spki", format: "pem" });

  test.for<[string, string]>([
    ["the alg none", `${base64url({ alg: "none", typ: "JWT" })}.${base64url(claims)}.`],
    ["the alg none and a signature", encodeJwt({ ...header, alg: "none" }, claims, () => Buffer.from("x"))],
    [
      "HS256 by the public key",
      encodeJwt({ ...header, alg: "HS256" }, claims, (input) =>
        createHmac("sha256", ourPublicKey).update(input).digest(),
      ),
    ],
    ["RS512", issuer.sign({ ...header, alg: "RS512" }, claims)],
    ["another key under our kid", signedByStranger({})],
    ["another key in jwk", signedByStranger({ jwk: strangerJwk })],
    ["our key, but with jwk", issuer.sign({ ...header, jwk: strangerJwk }, claims)],
    ["our key, but with jku", issuer.sign({ ...header, jku: "https://evil.example/jwks.json" }, claims)],
    ["our key, but with x5u", issuer.sign({ ...header, x5u: "https://evil.example/cert.pem" }, claims)],
    ["our key, but with x5c", issuer.sign({ ...header, x5c: ["MIIB"] }, claims)],
    ["our key, but with an unknown crit", issuer.sign({ ...header, crit: ["exp"], exp: 1 }, claims)],
    ["our key, but with an empty crit", issuer.sign({ ...header, crit: [] }, claims)],
    ["our key under another kid", issuer.sign({ ...header, kid: "other" }, claims)],
    ["claims that are not an object", issuer.sign(header, [] as object)],
    ["a truncated signature", services.adminToken().slice(0, -4)],
    ["claims of another token", swapClaims(services.adminToken(), { ...claims, oid: "other" })],
    ["two parts", services.adminToken().split(".").slice(0, 2).join(".")],
    ["five parts, as an encrypted one has", "a.b.c.d.e"],
  ])("refuses an admin token with %s [check 38]", async ([, token]) => {
    await expect(withToken(token)).rejects.toThrow(invalidToken);
  });

  test("refuses an access token of an API client as an admin token [check 38]", async () => {
    const grant = { clientId: "socmate-a-000000", scopes: [], issuedAt: services.clock.now(), lifetimeSeconds: 1800 };
    const ours = accessTokenClaims({ issuer: config.tokenIssuer, audience: config.tokenAudience, ...grant });
    const { accessToken } = await services.signer.accessToken(ours, createContext());
    await expect(withToken(accessToken)).rejects.toThrow(invalidToken);
  });

  test("refuses a token with the claims of an access token and the key of the admin issuer [check 38]", async () => {
    await expect(withClaims({ iss: config.tokenIssuer, aud: config.tokenAudience })).rejects.toThrow(invalidToken);
  });
});

describe("the keys of the admin issuer", () => {
  /** An issuer of keys that a test changes or takes away, and an authenticator with a clock of its own. */
  async function startKeys(jwk: object) {
    const answer = { status: 200, body: JSON.stringify({ keys: [jwk] }) };
    let fetches = 0;
    const server = createServer((_request, response) => {
      fetches++;
      response.writeHead(answer.status).end(answer.body);
    });
    onTestFinished(() => close(server));
    const jwksUrl = `http://127.0.0.1:${await listen(server)}/keys`;
    const clock = createClock();
    const admins = createAdminAuthenticator({ ...config.admin, jwksUrl }, clock);
    const context = createContext();
    const ask = (token = services.adminToken()) =>
      admins.authenticate(requestWith({ authorization: `Bearer ${token}` }), context);
    return { answer, clock, context, ask, fetches: () => fetches };
  }
  const goodJwk = { ...createPublicKey(issuer.privateKey).export({ format: "jwk" }), kid: issuer.kid, use: "sig" };
  const shortJwk = generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey.export({ format: "jwk" });

  test.for<[string, object]>([
    ["is shorter than 2048 bits", shortJwk],
    ["is shorter than 2048 bits behind zeros", { ...shortJwk, n: `${"A".repeat(172)}${shortJwk.n}` }],
    ["has the exponent 1", { e: "AQ" }],
    ["has the exponent 1 behind a zero", { e: "AAE" }],
    ["has an even exponent", { e: "AQAA" }],
    ["has the exponent 0", { e: "AA" }],
  ])("answers with an outage and an alarm if the key of a token %s", async ([, weak]) => {
    const { ask, context } = await startKeys({ ...goodJwk, ...weak });
    await expect(ask()).rejects.toMatchObject({ status: 503, reason: "admin_keys_unavailable", retryAfterSeconds: 60 });
    expect(context.alarms).toEqual([expect.stringMatching(/^admin_key_weak: .*2048 bits/)]);
  });

  test("answers with an outage, not a refusal, if the key of a token cannot be read", async () => {
    const { ask } = await startKeys({ kty: "RSA", kid: issuer.kid, e: "AQAB" });
    await expect(ask()).rejects.toMatchObject({ status: 503, reason: "admin_keys_unavailable" });
  });

  test.for([
    ["with 500", { status: 500, body: "" }],
    ["without JSON", { status: 200, body: "<html>" }],
  ] as const)("does not fetch keys again for 5 s after an answer %s", async ([, failure]) => {
    const { answer, ask, clock, fetches } = await startKeys(goodJwk);
    const { body } = answer;
    Object.assign(answer, failure);
    for (let time = 0; time < 5; time++) {
      await expect(ask()).rejects.toThrow(Unavailable);
      await expect(ask()).rejects.toMatchObject({ reason: "admin_keys_unavailable", retryAfterSeconds: 5 });
    }
    expect(fetches()).toBe(1);
    Object.assign(answer, { status: 200, body });
    clock.advance(5_000);
    await expect(ask()).resolves.toBeDefined();
    expect(fetches()).toBe(2);
  });

  test("fetches keys again after a failure although the clock was set back", async () => {
    const { answer, ask, clock, fetches } = await startKeys(goodJwk);
    answer.status = 500;
    await expect(ask()).rejects.toThrow(Unavailable);
    clock.skip(-3_600_000);
    await expect(ask()).rejects.toThrow(Unavailable);
    expect(fetches()).toBe(2);
  });
});

function base64url(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function encodeSigned(header: object, claims: object, key: KeyObject): string {
  return encodeJwt(header, claims, (input) => sign("sha256", Buffer.from(input), key));
}

function swapClaims(token: string, claims: object): string {
  const [head, , signature] = token.split(".");
  return `${head}.${base64url(claims)}.${signature}`;
}
