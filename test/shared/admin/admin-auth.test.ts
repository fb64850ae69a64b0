import { createHmac, createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { createServer } from "node:http";
import { HttpRequest } from "@azure/functions";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Claims } from "../../../local/azure/admin-issuer.ts";
import { TENANT_ID } from "../../../local/azure/identity.ts";
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
const ADMIN_ID = "10ca1000-0000-4000-8000-00000000000a";
/** Claims of a valid token. */
const claims = {
  iss: issuer.issuer,
  aud: issuer.audience,
  ver: "2.0",
  scp: "administer",
  oid: "admin",
  roles: ["admin"],
  iat,
  exp: iat + 3600,
};

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

const refusedWith = (challenge: string, note?: string) =>
  expect.objectContaining({
    name: "PublicError",
    status: 401,
    ...(note !== undefined && { note }),
    detail: "Send a valid admin token: Authorization: Bearer <admin token>.",
    headers: { "WWW-Authenticate": challenge },
  });
/** A refusal whose note in the log says what is wrong. */
const invalidToken = (note: string) => refusedWith('Bearer error="invalid_token"', note);
const noToken = refusedWith("Bearer");
const forbidden = expect.objectContaining({ status: 403, detail: 'The admin token lacks the role "admin".' });

describe("an administrator", () => {
  test("identifies an administrator by oid, else by sub", async () => {
    await expect(withClaims({})).resolves.toEqual({ id: ADMIN_ID });
    await expect(withClaims({ oid: undefined })).resolves.toEqual({ id: "local-administrator" });
  });

  test("accepts an admin token with further roles and audiences, and the scheme in any case", async () => {
    await expect(withClaims({ roles: ["Reader", "admin"] })).resolves.toBeDefined();
    await expect(withClaims({ aud: ["other", issuer.audience] })).resolves.toBeDefined();
    await expect(withClaims({ scp: "profile administer openid" })).resolves.toBeDefined();
    await expect(authenticate(`bearer  ${services.adminToken()}`)).resolves.toBeDefined();
  });

  test.for<[string, Claims]>([
    ["without idtyp, whose subject is the application", {}],
    ["with idtyp app", { idtyp: "app" }],
    ["with idtyp app and another subject", { idtyp: "app", sub: "pairwise" }],
  ])("accepts an app-only token %s", async ([, claims]) => {
    const lifetime = { iat, nbf: iat, exp: iat + 3600 };
    await expect(withToken(issuer.appToken({ ...lifetime, ...claims }))).resolves.toEqual({
      id: "10ca1000-0000-4000-8000-00000000000c",
    });
  });

  test.for<[string, Claims]>([
    ["without tid", { tid: undefined }],
    ["whose nbf is 60 s ahead", { nbf: iat + 60 }],
    ["whose iat is 5 minutes ahead", { iat: iat + 300 }],
    ["that lives 24 hours", { exp: iat + 86_400 }],
    ["in its last second", { exp: iat + 1 }],
    ["with idtyp user", { idtyp: "user" }],
  ])("accepts an admin token %s", async ([, claims]) => {
    await expect(withClaims(claims)).resolves.toBeDefined();
  });

  test.for([undefined, "JWT", "at+jwt"])("accepts an admin token with typ %s", async (typ) => {
    await expect(withToken(issuer.sign({ alg: "RS256", kid: issuer.kid, typ }, claims))).resolves.toBeDefined();
  });

  test("accepts tokens of version 1 of an issuer of that version, which names the application in appid", async () => {
    const v1 = `https://sts.windows.net/${TENANT_ID}/`;
    const clientIds = ["10ca1000-0000-4000-8000-00000000000d"];
    const admins = createAdminAuthenticator({ ...config.admin, issuer: v1, clientIds }, services.clock);
    const authenticateV1 = (changes: Claims) => {
      const old = { iss: v1, ver: "1.0", azp: undefined, azpacr: undefined, appid: clientIds[0] };
      const headers = { authorization: `Bearer ${services.adminToken({ ...old, ...changes })}` };
      return admins.authenticate(requestWith(headers), createContext());
    };
    await expect(authenticateV1({})).resolves.toBeDefined();
    await expect(authenticateV1({ ver: "2.0" })).rejects.toThrow(invalidToken("ver"));
    await expect(authenticateV1({ appid: undefined, azp: clientIds[0] })).rejects.toThrow(invalidToken("azp"));
  });

  test("an administrator is the actor in the log, even without the role", async () => {
    const context = createContext();
    await expect(authenticate(`Bearer ${services.adminToken({ roles: [] })}`, {}, context)).rejects.toThrow(forbidden);
    expect(context.audit).toEqual({ actor: ADMIN_ID });
  });
});

describe("a refused administrator", () => {
  test.for(["", "openid profile", "administer.read", "Administer"])(
    "refuses an access token of a user with the scp %j with 403 [check 69]",
    async (scp) => {
      const refusal = { status: 403, reason: "admin_scope_missing" };
      await expect(withClaims({ scp })).rejects.toMatchObject(refusal);
      await expect(withClaims({ scp, sub: ADMIN_ID })).rejects.toMatchObject(refusal);
    },
  );

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

  test.for<[string, Claims, string]>([
    ["expired", { exp: iat }, "exp"],
    ["expired a minute ago", { exp: iat - 60 }, "exp"],
    ["without exp", { exp: undefined }, "exp"],
    ["with an exp that is not a number", { exp: "2099-01-01" }, "exp"],
    ["with an exp of half a second", { exp: iat + 0.5 }, "exp"],
    ["with an exp that is no safe integer", { exp: 2 ** 53 }, "exp"],
    ["that lives longer than 24 hours", { exp: iat + 86_401 }, "exp"],
    ["without iat", { iat: undefined }, "iat"],
    ["with an iat over 5 minutes ahead", { iat: iat + 301 }, "iat"],
    ["with an iat that is text", { iat: String(iat) }, "iat"],
    ["with an iat of half a second", { iat: iat - 0.5 }, "iat"],
    ["not valid for another 61 s", { nbf: iat + 61 }, "nbf"],
    ["with an nbf that is null", { nbf: null }, "nbf"],
    ["with an nbf of half a second", { nbf: iat - 0.5 }, "nbf"],
    ["of another issuer", { iss: "https://login.example" }, "iss"],
    ["of an issuer that is a prefix of ours", { iss: issuer.issuer.slice(0, -1) }, "iss"],
    ["of our issuer with a slash", { iss: `${issuer.issuer}/` }, "iss"],
    ["of version 1 of our issuer", { iss: `https://sts.windows.net/${TENANT_ID}/`, ver: "1.0" }, "iss"],
    ["without an issuer", { iss: undefined }, "iss"],
    ["for another audience", { aud: "api://other" }, "aud"],
    ["for no audience", { aud: undefined }, "aud"],
    ["of version 1", { ver: "1.0" }, "ver"],
    ["without a version", { ver: undefined }, "ver"],
    ["with a version that is a number", { ver: 2 }, "ver"],
    ["of another tenant", { tid: "10ca1000-0000-4000-8000-0000000000ff" }, "tid"],
    ["with an empty tenant", { tid: "" }, "tid"],
    ["with another part of our issuer as its tenant", { tid: "v2.0" }, "tid"],
    ["of a tenant that is a part of ours", { tid: "10ca1000" }, "tid"],
    ["without scp", { scp: undefined }, "scp"],
    ["with an scp that is an array", { scp: ["administer"] }, "scp"],
    ["with our scope and idtyp app", { idtyp: "app" }, "scp"],
    ["without scp, with idtyp user", { scp: undefined, idtyp: "user" }, "scp"],
    ["of a user without scp, whose subject is oid", { scp: undefined, azp: undefined, sub: ADMIN_ID }, "scp"],
    ["without oid and sub", { oid: undefined, sub: undefined }, "oid"],
    ["with an empty id", { oid: "", sub: "" }, "oid"],
    ["with an object as id", { oid: {} }, "oid"],
    ["with a line break in its id", { oid: "a\nb" }, "oid"],
    ["with too long an id", { oid: "a".repeat(129) }, "oid"],
  ])("refuses an admin token %s [check 38]", async ([, claims, note]) => {
    await expect(withClaims(claims)).rejects.toThrow(invalidToken(note));
  });

  test.for<[string, Claims]>([
    ["of the admin page", {}],
    ["of a registration that the page and the API share", { aud: issuer.audience }],
    ["with a nonce, in such a registration", { aud: issuer.audience, nonce: "n" }],
    ["with azp, in such a registration", { aud: issuer.audience, azp: issuer.consoleClientId }],
  ])("refuses an ID token %s [check 38]", async ([, claims]) => {
    const token = issuer.idToken({ iat, nbf: iat, exp: iat + 3600, ...claims });
    await expect(withToken(token)).rejects.toThrow(invalidToken(claims.aud ? "scp" : "aud"));
  });

  test("with a list of applications, refuses tokens of any other and of none [check 38]", async () => {
    const admins = createAdminAuthenticator(
      { ...config.admin, clientIds: ["10ca1000-0000-4000-8000-00000000000e", issuer.consoleClientId] },
      services.clock,
    );
    const by = (azp: unknown) =>
      admins.authenticate(
        requestWith({ authorization: `Bearer ${services.adminToken({ azp, appid: issuer.consoleClientId })}` }),
        createContext(),
      );
    await expect(by(issuer.consoleClientId)).resolves.toBeDefined();
    for (const azp of ["10ca1000-0000-4000-8000-0000000000ff", "", undefined, [issuer.consoleClientId]]) {
      await expect(by(azp)).rejects.toThrow(invalidToken("azp"));
    }
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

  const stranger = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const strangerJwk = stranger.publicKey.export({ format: "jwk" });
  const header = { alg: "RS256", typ: "JWT", kid: issuer.kid };
  const signedByStranger = (more: object) => encodeSigned({ ...header, ...more }, claims, stranger.privateKey);
  const ourPublicKey = createPublicKey(issuer.privateKey).export({ type: "spki", format: "pem" });

  test.for<[string, string, string]>([
    ["the alg none", `${base64url({ alg: "none", typ: "JWT" })}.${base64url(claims)}.`, "ERR_JOSE_ALG_NOT_ALLOWED"],
    [
      "the alg none and a signature",
      encodeJwt({ ...header, alg: "none" }, claims, () => Buffer.from("x")),
      "ERR_JOSE_ALG_NOT_ALLOWED",
    ],
    [
      "HS256 by the public key",
      encodeJwt({ ...header, alg: "HS256" }, claims, (input) =>
        createHmac("sha256", ourPublicKey).update(input).digest(),
      ),
      "ERR_JOSE_ALG_NOT_ALLOWED",
    ],
    ["RS512", issuer.sign({ ...header, alg: "RS512" }, claims), "ERR_JOSE_ALG_NOT_ALLOWED"],
    ["another key under our kid", signedByStranger({}), "ERR_JWS_SIGNATURE_VERIFICATION_FAILED"],
    ["another key in jwk", signedByStranger({ jwk: strangerJwk }), "jwk"],
    ["our key, but with jwk", issuer.sign({ ...header, jwk: strangerJwk }, claims), "jwk"],
    ["our key, but with jku", issuer.sign({ ...header, jku: "https://evil.example/jwks.json" }, claims), "jku"],
    ["our key, but with x5u", issuer.sign({ ...header, x5u: "https://evil.example/cert.pem" }, claims), "x5u"],
    ["our key, but with x5c", issuer.sign({ ...header, x5c: ["MIIB"] }, claims), "x5c"],
    ["our key, but with an unknown crit", issuer.sign({ ...header, crit: ["exp"], exp: 1 }, claims), "crit"],
    ["our key, but with an empty crit", issuer.sign({ ...header, crit: [] }, claims), "crit"],
    ["our key, but with b64", issuer.sign({ ...header, b64: true }, claims), "b64"],
    ["our key, but with b64 and its crit", issuer.sign({ ...header, b64: true, crit: ["b64"] }, claims), "crit"],
    ["the typ of an ID token of OpenID Connect", issuer.sign({ ...header, typ: "id+jwt" }, claims), "typ"],
    ["the typ of a logout token", issuer.sign({ ...header, typ: "logout+jwt" }, claims), "typ"],
    ["a typ that is null", issuer.sign({ ...header, typ: null }, claims), "typ"],
    ["our key under another kid", issuer.sign({ ...header, kid: "other" }, claims), "ERR_JWKS_NO_MATCHING_KEY"],
    ["claims that are not an object", issuer.sign(header, [] as object), "ERR_JWT_INVALID"],
    ["a truncated signature", services.adminToken().slice(0, -2), "ERR_JWS_SIGNATURE_VERIFICATION_FAILED"],
    ["a padded signature", `${services.adminToken()}==`, "encoding"],
    [
      "unused bits in its payload",
      signParts(base64url(header), setUnusedBits(Buffer.from(padded(JSON.stringify(claims))).toString("base64url"))),
      "encoding",
    ],
    ["unused bits in its signature", services.adminToken().replace(/[^.]+$/, setUnusedBits), "encoding"],
    ["a signature in base64", services.adminToken().replace(/[^.]+$/, "+/+/"), "encoding"],
    ["a repeated claim", signText(`{"alg":"RS256","kid":"${issuer.kid}"}`, repeat(claims, '"oid":"other"')), "JSON"],
    ["a repeated claim in an escape", signText(JSON.stringify(header), repeat(claims, '"\\u006fid":"other"')), "JSON"],
    [
      "a claim that is repeated with the same value",
      signText(JSON.stringify(header), repeat(claims, '"oid":"admin"')),
      "JSON",
    ],
    [
      "a repeated member deep in a claim",
      signText(JSON.stringify(header), repeat(claims, '"x":[{"a":1,"a":2}]')),
      "JSON",
    ],
    ["a repeated header", signText(repeat(header, '"kid":"other"'), JSON.stringify(claims)), "JSON"],
    ["a payload that is no UTF-8", signText(JSON.stringify(header), Buffer.from([0x22, 0xff, 0x22])), "JSON"],
    ["a payload that is no JSON", signText(JSON.stringify(header), "{'a':1}"), "JSON"],
    [
      "claims of another token",
      swapClaims(services.adminToken(), { ...claims, oid: "other" }),
      "ERR_JWS_SIGNATURE_VERIFICATION_FAILED",
    ],
    ["two parts", services.adminToken().split(".").slice(0, 2).join("."), "encoding"],
    ["five parts, as an encrypted one has", "a.b.c.d.e", "encoding"],
  ])("refuses an admin token with %s [check 38]", async ([, token, note]) => {
    await expect(withToken(token)).rejects.toThrow(invalidToken(note));
  });

  test("accepts strings that look like repeated members, in nested claims too", async () => {
    const text = {
      ...claims,
      x: { a: '"oid":"x","oid":', b: [{ a: 1 }, { a: "\\" }], __proto__: 1, ":": ":" },
      "": {},
    };
    await expect(withToken(issuer.sign(header, text))).resolves.toBeDefined();
    await expect(
      withToken(signText(JSON.stringify(header), JSON.stringify(claims, undefined, "\t"))),
    ).resolves.toBeDefined();
  });

  test("refuses a token nested as deep as a header allows, without an error of ours [check 38]", async () => {
    const deep = signText(JSON.stringify(header), `{"a":${"[".repeat(7_000)}${"]".repeat(7_000)}}`);
    await expect(withToken(deep)).rejects.toThrow(refusedWith('Bearer error="invalid_token"'));
  });

  test("refuses an access token of an API client as an admin token [check 38]", async () => {
    const grant = { clientId: "socmate-a-000000", scopes: [], issuedAt: services.clock.now(), lifetimeSeconds: 1800 };
    const ours = accessTokenClaims({ issuer: config.tokenIssuer, audience: config.tokenAudience, ...grant });
    const { accessToken } = await services.signer.accessToken(ours, createContext());
    await expect(withToken(accessToken)).rejects.toThrow(invalidToken("ERR_JWKS_NO_MATCHING_KEY"));
  });

  test("refuses a token with the claims of an access token and the key of the admin issuer [check 38]", async () => {
    await expect(withClaims({ iss: config.tokenIssuer, aud: config.tokenAudience })).rejects.toThrow(
      invalidToken("iss"),
    );
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

  test("fetches no keys for a token of the wrong form", async () => {
    const { ask, fetches } = await startKeys(goodJwk);
    for (const token of ["a.b.c", `${services.adminToken()}=`, issuer.sign({ alg: "RS256", jku: "x" }, claims)]) {
      await expect(ask(token)).rejects.toMatchObject({ status: 401 });
    }
    expect(fetches()).toBe(0);
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

/** Signs parts that are encoded already. */
function signParts(header: string, payload: string): string {
  const input = `${header}.${payload}`;
  return `${input}.${sign("sha256", Buffer.from(input), issuer.privateKey).toString("base64url")}`;
}

/** Signs a header and a payload as they are written. */
function signText(header: string, payload: string | Buffer): string {
  return signParts(Buffer.from(header).toString("base64url"), Buffer.from(payload).toString("base64url"));
}

/** The JSON of an object with one more member at its end. */
function repeat(object: object, member: string): string {
  return JSON.stringify(object).replace(/}$/, `,${member}}`);
}

/** Adds spaces to a text, so that base64 has bits to spare. */
function padded(text: string): string {
  return text.padEnd(Math.ceil(text.length / 3) * 3 + 1);
}

/** Sets a bit of the last character that stands for no byte. The text must have a length that leaves such bits. */
function setUnusedBits(text: string): string {
  const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const altered = text.slice(0, -1) + digits[digits.indexOf(text.at(-1) ?? "") + 1];
  if (!Buffer.from(altered, "base64url").equals(Buffer.from(text, "base64url"))) throw new Error("no unused bits");
  return altered;
}
