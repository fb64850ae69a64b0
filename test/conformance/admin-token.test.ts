import { createHmac, createPublicKey, generateKeyPairSync, type JsonWebKey, type KeyObject, sign } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { encodeJwt } from "../../local/azure/jwt.ts";
import { startService } from "../../local/host/service.ts";
import { problem } from "../support/answers.ts";
import { type Answer, bodyOf, send } from "../support/http.ts";
import { startTestService } from "../support/test-service.ts";

const { url, stack, createClient, requestToken } = await startTestService();
const { adminIssuer, adminToken } = stack;
const { kid } = adminIssuer;
const ADMIN_PATHS = [
  ["GET", ""],
  ["POST", ""],
  ["GET", "/socmate-test-abc123"],
  ["DELETE", "/socmate-test-abc123"],
  ["POST", "/socmate-test-abc123/regenerate-secret"],
] as const;

const SEND_TOKEN = "Send a valid admin token: Authorization: Bearer <admin token>.";
const unauthorized = (challenge: string) => problem(401, SEND_TOKEN, undefined, { "www-authenticate": challenge });
const NO_TOKEN = unauthorized("Bearer");
const INVALID_TOKEN = unauthorized('Bearer error="invalid_token"');
const NOT_ADMIN = problem(403, 'The admin token lacks the role "admin".');

const listWith = (headers: Record<string, string>): Promise<Answer> =>
  send(`${url}/api/admin/api-clients`, { headers });
const listAs = (token: string) => listWith({ authorization: `Bearer ${token}` });

/** The claims of a valid token, with some replaced. */
function claims(changes: object = {}): object {
  const [, payload = ""] = adminToken().split(".");
  return { ...JSON.parse(Buffer.from(payload, "base64url").toString()), ...changes };
}
const HEADER = { typ: "JWT", alg: "RS256", kid };
const publicKey = createPublicKey(adminIssuer.privateKey);
const foreignKey = generateKeyPairSync("rsa", { modulusLength: 2048 });
const signedWith = (key: KeyObject, header: object, payload = claims()) =>
  encodeJwt(header, payload, (input) => sign("sha256", Buffer.from(input), key));
const foreignJwk = { ...foreignKey.publicKey.export({ format: "jwk" }), kid, use: "sig", alg: "RS256" };
const now = () => Math.floor(Date.now() / 1000);

test("accepts a valid admin token on every admin endpoint", async () => {
  for (const [method, path] of ADMIN_PATHS) {
    const headers = { authorization: `Bearer ${adminToken()}`, "content-type": "application/json" };
    const { status } = await send(`${url}/api/admin/api-clients${path}`, { method, headers });
    expect([200, 400, 404], `${method} ${path}`).toContain(status);
  }
});

test("[check 38] RFC 6750 §3: refuses a request without an admin token on every admin endpoint, whatever else is wrong with it", async () => {
  for (const [method, path] of ADMIN_PATHS) {
    expect(await send(`${url}/api/admin/api-clients${path}`, { method }), `${method} ${path}`).toEqual(NO_TOKEN);
  }
});

test.for([
  ["an empty Authorization header", ""],
  ["the scheme Bearer alone", "Bearer"],
  ["the scheme Bearer and a space", "Bearer "],
  ["the scheme Basic", `Basic ${Buffer.from("admin:admin").toString("base64")}`],
  ["the scheme Token", `Token ${adminToken()}`],
  ["two tokens", `Bearer ${adminToken()} ${adminToken()}`],
  ["a list of tokens", `Bearer ${adminToken()}, Bearer ${adminToken()}`],
  ["a token as a parameter", `Bearer token=${adminToken()} x`],
] as const)("[check 38] RFC 6750 §2.1: takes %s for no admin token", async ([, authorization]) => {
  expect(await listWith({ authorization })).toEqual(NO_TOKEN);
});

test("[check 38] RFC 6750 §5.3: accepts no admin token from the query, a cookie or another header", async () => {
  const token = adminToken();
  for (const name of ["access_token", "token", "authorization", "code"]) {
    expect(await send(`${url}/api/admin/api-clients?${name}=${token}`)).toEqual(NO_TOKEN);
  }
  for (const name of ["cookie", "x-authorization", "proxy-authorization", "x-ms-token-aad-access-token"]) {
    expect(await listWith({ [name]: `Bearer ${token}` })).toEqual(NO_TOKEN);
  }
});

test.for<[string, () => string]>([
  ["alg none", () => encodeJwt({ typ: "JWT", alg: "none", kid }, claims(), () => Buffer.alloc(0))],
  ["alg None", () => encodeJwt({ typ: "JWT", alg: "None", kid }, claims(), () => Buffer.alloc(0))],
  ["no alg", () => adminIssuer.sign({ typ: "JWT", kid }, claims())],
  ["HS256 with the issuer's public key as PEM", () => hs256(publicKey.export({ format: "pem", type: "spki" }))],
  ["HS256 with the issuer's public key as DER", () => hs256(publicKey.export({ format: "der", type: "spki" }))],
  ["HS256 with the issuer's public key as JWK", () => hs256(JSON.stringify(publicKey.export({ format: "jwk" })))],
  ["HS256 with an empty key", () => hs256("")],
  ["alg RS512 on a signature of RS256", () => adminIssuer.sign({ ...HEADER, alg: "RS512" }, claims())],
  ["a key of somebody else", () => signedWith(foreignKey.privateKey, HEADER)],
  ["a wrong kid", () => adminIssuer.sign({ ...HEADER, kid: "other" }, claims())],
  ["a kid that is a path", () => adminIssuer.sign({ ...HEADER, kid: "../../dev/null" }, claims())],
  ["a key of its own (jwk)", () => signedWith(foreignKey.privateKey, { ...HEADER, jwk: foreignJwk })],
  ["the issuer's key in jwk", () => adminIssuer.sign({ ...HEADER, jwk: foreignJwk }, claims())],
  ["jku", () => adminIssuer.sign({ ...HEADER, jku: adminIssuer.jwksUrl }, claims())],
  ["x5u", () => adminIssuer.sign({ ...HEADER, x5u: "https://attacker.example/x5u" }, claims())],
  ["x5c", () => adminIssuer.sign({ ...HEADER, x5c: ["MII="] }, claims())],
  ["an unknown crit", () => adminIssuer.sign({ ...HEADER, crit: ["exp"], exp: now() + 600 }, claims())],
  ["an empty crit", () => adminIssuer.sign({ ...HEADER, crit: [] }, claims())],
  ["an unencoded payload", () => adminIssuer.sign({ ...HEADER, b64: false, crit: ["b64"] }, claims())],
  ["a lifetime that is over", () => adminToken({ exp: now() - 1 })],
  ["a lifetime that has not begun", () => adminToken({ nbf: now() + 600 })],
  ["no exp", () => adminToken({ exp: undefined })],
  ["an exp that is text", () => adminToken({ exp: String(now() + 600) })],
  ["an exp that is null", () => adminToken({ exp: null })],
  ["a wrong issuer", () => adminToken({ iss: "https://login.attacker.example/v2.0" })],
  ["the issuer with a slash after it", () => adminToken({ iss: `${adminIssuer.issuer}/` })],
  ["no issuer", () => adminToken({ iss: undefined })],
  ["a list of issuers", () => adminToken({ iss: [adminIssuer.issuer] })],
  ["a wrong audience", () => adminToken({ aud: "api://another-api" })],
  ["no audience", () => adminToken({ aud: undefined })],
  ["an audience that has ours in it", () => adminToken({ aud: `${adminIssuer.audience}.attacker.example` })],
  ["a life of more than 24 hours", () => adminToken({ iat: now(), exp: now() + 86_401 })],
  ["an iat over 5 minutes ahead", () => adminToken({ iat: now() + 330 })],
  ["no iat", () => adminToken({ iat: undefined })],
  ["an exp of a fraction", () => adminToken({ exp: now() + 600.5 })],
  ["version 1 and an issuer of version 2", () => adminToken({ ver: "1.0" })],
  ["another tenant", () => adminToken({ tid: "10ca1000-0000-4000-8000-0000000000ff" })],
  ["no scope, of a user", () => adminToken({ scp: undefined })],
  ["an application that may not administer", () => adminToken({ azp: "10ca1000-0000-4000-8000-0000000000ff" })],
  ["a typ of another kind of JWT", () => adminIssuer.sign({ ...HEADER, typ: "id+jwt" }, claims())],
  ["b64", () => adminIssuer.sign({ ...HEADER, b64: true }, claims())],
  ["a repeated claim", () => signedText(JSON.stringify(HEADER), repeated(claims(), '"oid":"other"'))],
  ["a repeated header", () => signedText(repeated(HEADER, '"alg":"RS256"'), JSON.stringify(claims()))],
  ["a padded signature", () => `${adminToken()}==`],
  ["nobody", () => adminToken({ oid: undefined, sub: undefined })],
  ["an oid with a line break", () => adminToken({ oid: "admin\n{}" })],
  ["claims that are no object", () => adminIssuer.sign(HEADER, ["admin"])],
  ["a changed claim", () => replacePart(adminToken({ roles: [] }), 1, claims())],
  ["a changed header", () => replacePart(adminToken(), 0, { ...HEADER, typ: "at+jwt" })],
  ["its signature cut off", () => adminToken().replace(/[^.]+$/, "")],
  ["its signature cut short", () => adminToken().slice(0, -4)],
  ["two parts", () => adminToken().split(".").slice(0, 2).join(".")],
  ["five parts", () => `${adminToken()}.a.b`],
  ["no JSON in it", () => "a.b.c"],
])("[check 38] RFC 7519 §7.2, RFC 8725: refuses an admin token with %s", async ([, forge]) => {
  expect(await listAs(forge())).toEqual(INVALID_TOKEN);
});

test.for<[string, () => string]>([
  ["of the admin page", () => adminIssuer.idToken()],
  ["of a registration that page and API share", () => adminIssuer.idToken({ aud: adminIssuer.audience })],
])("[check 38] OpenID Connect Core §2: refuses an ID token %s as an admin token", async ([, forge]) => {
  expect(await listAs(forge())).toEqual(INVALID_TOKEN);
});

test("accepts the token of an application for itself, with and without idtyp", async () => {
  for (const token of [adminIssuer.appToken(), adminIssuer.appToken({ idtyp: "app" })]) {
    expect(await listAs(token)).toMatchObject({ status: 200 });
  }
});

/** Signs a header and a payload as they are written. */
function signedText(header: string, payload: string): string {
  const input = [header, payload].map((part) => Buffer.from(part).toString("base64url")).join(".");
  return `${input}.${sign("sha256", Buffer.from(input), adminIssuer.privateKey).toString("base64url")}`;
}

/** The JSON of an object with one more member at its end. */
function repeated(object: object, member: string): string {
  return JSON.stringify(object).replace(/}$/, `,${member}}`);
}

function hs256(key: string | Buffer): string {
  return encodeJwt({ ...HEADER, alg: "HS256" }, claims(), (input) => createHmac("sha256", key).update(input).digest());
}

function replacePart(token: string, index: 0 | 1, part: object): string {
  return token
    .split(".")
    .with(index, Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".");
}

test("[check 38] RFC 8725 §3.10: fetches no key from a URL in an admin token", async () => {
  let fetched = 0;
  const attacker = createServer((_request, response) => {
    fetched++;
    response.end(JSON.stringify({ keys: [foreignJwk] }));
  }).listen(0, "127.0.0.1");
  onTestFinished(() => void attacker.close());
  await once(attacker, "listening");
  const keysUrl = `http://127.0.0.1:${(attacker.address() as AddressInfo).port}/keys`;
  expect(await listAs(signedWith(foreignKey.privateKey, { ...HEADER, jku: keysUrl, x5u: keysUrl }))).toEqual(
    INVALID_TOKEN,
  );
  expect(fetched).toBe(0);
});

test.for<[string, unknown]>([
  ["missing", undefined],
  ["null", null],
  ["empty", []],
  ['["notadmin"]', ["notadmin"]],
  ['["Admin"]', ["Admin"]],
  ['["admin "]', ["admin "]],
  ['"admin"', "admin"],
  ['"admin user"', "admin user"],
  ['{"0":"admin"}', { 0: "admin" }],
  ['[["admin"]]', [["admin"]]],
  ['[{"admin":true}]', [{ admin: true }]],
  ["true", true],
])("[check 38] RFC 6750 §3.1: refuses an admin token whose roles are %s with 403", async ([, roles]) => {
  expect(await listAs(adminToken({ roles }))).toEqual(NOT_ADMIN);
});

test.for(["", "openid", "administer.read administers"])(
  "[check 69] RFC 6750 §3.1: refuses an access token of a user with the scopes %j with 403, and names the one that is missing",
  async (scp) => {
    expect(await listAs(adminToken({ scp }))).toEqual(
      problem(403, 'The admin token lacks the scope "administer".', undefined, {
        "www-authenticate": 'Bearer error="insufficient_scope", scope="administer"',
      }),
    );
  },
);

test("[check 38] finds the role of an administrator among other roles, and in no claim but roles", async () => {
  expect(await listAs(adminToken({ roles: ["reader", "admin"] }))).toMatchObject({ status: 200 });
  const elsewhere = { roles: [], role: "admin", scp: "administer admin", groups: ["admin"], wids: ["admin"] };
  expect(await listAs(adminToken(elsewhere))).toEqual(NOT_ADMIN);
});

test("[check 38] refuses the access token of an API client on the admin API", async () => {
  const { access_token: token } = z
    .object({ access_token: z.string() })
    .parse(bodyOf(await requestToken(await createClient())));
  expect(await listAs(token)).toEqual(INVALID_TOKEN);
});

test("[check 38] refuses an admin token by HS256 with the key that the service publishes, and by RS256 with its kid", async () => {
  const published = z.object({ keys: z.array(z.record(z.string(), z.string())) });
  const [jwk] = published.parse(bodyOf(await send(`${url}/.well-known/jwks.json`))).keys;
  const ownKey = createPublicKey({ key: jwk as JsonWebKey, format: "jwk" });
  const header = { typ: "at+jwt", kid: jwk?.kid };
  for (const key of [ownKey.export({ format: "pem", type: "spki" }), jwk?.n ?? ""]) {
    const hmac = (input: string) => createHmac("sha256", key).update(input).digest();
    expect(await listAs(encodeJwt({ ...header, alg: "HS256" }, claims(), hmac))).toEqual(INVALID_TOKEN);
  }
  expect(await listAs(adminIssuer.sign({ ...header, alg: "RS256" }, claims()))).toEqual(INVALID_TOKEN);
});

test("[check 38] takes no administrator's identity from a header", async () => {
  const principal = { auth_typ: "aad", claims: [{ typ: "roles", val: "admin" }], role_typ: "roles" };
  const forged = {
    "x-ms-client-principal": Buffer.from(JSON.stringify(principal)).toString("base64"),
    "x-ms-client-principal-id": "10ca1000-0000-4000-8000-00000000000a",
    "x-ms-client-principal-name": "admin@localhost",
    "x-ms-client-principal-idp": "aad",
    "x-functions-key": "master",
    "x-forwarded-user": "admin",
  };
  expect(await listWith(forged)).toEqual(NO_TOKEN);
  expect(await listWith({ ...forged, authorization: `Bearer ${adminToken({ roles: [] })}` })).toEqual(NOT_ADMIN);
});

test("created_by is the oid of the token, else its sub, never a header's", async () => {
  const create = async (token: string) => {
    const answer = await send(`${url}/api/admin/api-clients`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${token}`,
        "content-type": "application/json",
        "x-ms-client-principal-id": "somebody-else",
      },
      body: JSON.stringify({ name: "Test", scopes: ["search:read"] }),
    });
    const { client_id: clientId } = z.object({ client_id: z.string() }).parse(bodyOf(answer));
    const headers = { authorization: `Bearer ${token}` };
    return bodyOf(await send(`${url}/api/admin/api-clients/${clientId}`, { headers }));
  };
  expect(await create(adminToken({ oid: "an-oid", sub: "a-sub" }))).toMatchObject({ created_by: "an-oid" });
  expect(await create(adminToken({ oid: undefined, sub: "a-sub" }))).toMatchObject({ created_by: "a-sub" });
});

test("answers 503, not 401, while the keys of the admin tokens' issuer cannot be fetched", async () => {
  const service = await startService(stack, { port: 0, env: { ADMIN_JWKS_URL: "http://127.0.0.1:1/keys" } });
  onTestFinished(() => service.stop());
  const headers = { authorization: `Bearer ${adminToken()}` };
  expect(await send(`${service.url}/api/admin/api-clients`, { headers })).toEqual(
    problem(503, "The service cannot answer right now: try again after the time in Retry-After.", undefined, {
      "retry-after": "5",
    }),
  );
});
