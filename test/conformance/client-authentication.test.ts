import { expect, test } from "vitest";
import { oauthError, REFUSED } from "../support/answers.ts";
import { rawRequest, sendRaw } from "../support/raw-http.ts";
import { basic, postForm, startTestService } from "../support/test-service.ts";

const { url, admin, createClient, requestToken } = await startTestService();
const { host } = new URL(url);
const client = await createClient();
const { clientId, clientSecret } = client;
const other = await createClient();

const GRANT = { grant_type: "client_credentials" };
const withBasic = (authorization: string, form: Record<string, string> = {}) =>
  postForm(url, { ...GRANT, ...form }, { authorization });

const invalidClient = (description: string) => oauthError(401, "invalid_client", description);
const NO_CREDENTIALS = invalidClient("Send client_id and client_secret in the form, or as HTTP Basic.");
const NOT_BASIC = invalidClient(
  "The Authorization header is not HTTP Basic: send Basic and the Base64 form of client_id:client_secret.",
);
const NO_ASSERTIONS = invalidClient(
  "Authenticate with client_id and client_secret: client assertions are not supported.",
);
const TWO_METHODS = oauthError(
  400,
  "invalid_request",
  "Authenticate in one way: credentials in the form and in the Authorization header differ.",
);

test("RFC 6749 §2.3.1: takes credentials in the form", async () => {
  expect(await requestToken(client)).toMatchObject({ status: 200 });
});

test.for(["Basic", "basic", "BASIC", "bAsIc"])(
  "[check 9] RFC 7617 §2: takes credentials as HTTP Basic, the scheme written %s",
  async (scheme) => {
    expect(await withBasic(basic(clientId, clientSecret).replace("Basic", scheme))).toMatchObject({ status: 200 });
  },
);

test("[check 9] RFC 6749 §2.3.1: form-decodes id and secret after Base64", async () => {
  const encoded = (text: string) => text.replace(/./g, (c) => `%${c.charCodeAt(0).toString(16)}`);
  expect(await withBasic(basic(encoded(clientId), encoded(clientSecret)))).toMatchObject({ status: 200 });
});

test("[check 9] RFC 7617 §2: splits at the first colon, so a secret with a colon is a wrong secret", async () => {
  expect(await withBasic(basic(clientId, `${clientSecret}:`))).toEqual(REFUSED);
  expect(await withBasic(basic(clientId, `:${clientSecret}`))).toEqual(REFUSED);
});

test.for<[string, string]>([
  ["bad Base64", "Basic !!!!"],
  ["Base64 of the URL's alphabet", `Basic ${Buffer.from("a:\xff\xfe\xfb").toString("base64url")}_-`],
  ["no colon", `Basic ${Buffer.from("no-colon").toString("base64")}`],
  ["nothing before the colon", basic("", clientSecret)],
  ["nothing after the colon", basic(clientId, "")],
  ["malformed percent-encoding", basic(clientId, "%zz")],
  ["a scheme alone", "Basic"],
  ["a scheme and a space", "Basic "],
  ["no space after the scheme", basic(clientId, clientSecret).replace(" ", "")],
  ["two values", `${basic(clientId, clientSecret)} ${basic(clientId, clientSecret)}`],
  ["a list", `${basic(clientId, clientSecret)}, ${basic(clientId, clientSecret)}`],
  ["another scheme", `Bearer ${clientSecret}`],
  ["31 KB", `Basic ${"A".repeat(31 * 1024)}`],
])(
  "[check 10] [check 19] RFC 6749 §5.2, RFC 7617 §2: refuses Basic with %s, with 401 and a challenge",
  async ([, authorization]) => {
    expect(await withBasic(authorization)).toEqual(NOT_BASIC);
  },
);

test("[check 10] RFC 6585 §5: leaves Basic with 64 KB to the platform, which refuses it with 431", async () => {
  expect(await withBasic(`Basic ${"A".repeat(64 * 1024)}`)).toEqual({ status: 431, headers: {}, text: "" });
});

test("[check 10] RFC 6749 §5.2: refuses two Authorization headers", async () => {
  const request = rawRequest(`
    POST /oauth/token HTTP/1.1
    Host: ${host}
    Authorization: ${basic(clientId, clientSecret)}
    Authorization: ${basic(clientId, clientSecret)}
    Content-Type: application/x-www-form-urlencoded
    Content-Length: <length>

    grant_type=client_credentials
  `);
  expect(await sendRaw(url, request)).toEqual(NOT_BASIC);
});

test("[check 11] accepts the very same credentials in Basic and in the form", async () => {
  const form = { client_id: clientId, client_secret: clientSecret };
  expect(await withBasic(basic(clientId, clientSecret), form)).toMatchObject({ status: 200 });
  expect(await withBasic(basic(clientId, clientSecret), { client_id: clientId })).toMatchObject({ status: 200 });
});

test.for<[string, Record<string, string>]>([
  ["another id", { client_id: other.clientId }],
  ["another secret", { client_secret: other.clientSecret }],
  ["another client", { client_id: other.clientId, client_secret: other.clientSecret }],
  ["the id in another case", { client_id: clientId.toUpperCase() }],
])("[check 11] RFC 6749 §2.3: refuses Basic together with %s in the form", async ([, form]) => {
  expect(await withBasic(basic(clientId, clientSecret), form)).toEqual(TWO_METHODS);
});

test("[check 11] RFC 6749 §2.3: refuses Basic or a secret together with a client assertion", async () => {
  const assertion = {
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    client_assertion: "e30.e30.",
  };
  expect(await withBasic(basic(clientId, clientSecret), assertion)).toEqual(TWO_METHODS);
  expect(await requestToken(client, assertion)).toEqual(TWO_METHODS);
  expect(await postForm(url, { ...GRANT, client_id: clientId, ...assertion })).toEqual(NO_ASSERTIONS);
});

test.for<[string, Record<string, string>]>([
  ["no credentials", {}],
  ["no secret", { client_id: clientId }],
  ["no id", { client_secret: clientSecret }],
  ["an empty secret", { client_id: clientId, client_secret: "" }],
  ["an empty id", { client_id: "", client_secret: clientSecret }],
])("[check 12] [check 19] RFC 6749 §5.2, RFC 7617 §2: answers %s with 401 and a challenge", async ([, form]) => {
  expect(await postForm(url, { ...GRANT, ...form })).toEqual(NO_CREDENTIALS);
});

test("[check 12] takes an empty Authorization header for absent", async () => {
  expect(await postForm(url, GRANT, { authorization: "" })).toEqual(NO_CREDENTIALS);
  const form = { ...GRANT, client_id: clientId, client_secret: clientSecret };
  expect(await postForm(url, form, { authorization: "" })).toMatchObject({ status: 200 });
});

test("[check 13] [check 19] RFC 6749 §5.2: refuses an unknown or disabled client and a wrong secret with the same status, headers and bytes", async () => {
  const disabled = await createClient();
  await admin("DELETE", `/${disabled.clientId}`);
  const regenerated = await createClient();
  await admin("POST", `/${regenerated.clientId}/regenerate-secret`);
  const wrong: Record<string, [string, string]> = {
    "an unknown client": [clientId.replace(/.$/, (c) => (c === "a" ? "b" : "a")), clientSecret],
    "a malformed client_id": ["Not A Client", clientSecret],
    "the secret of another client": [clientId, other.clientSecret],
    "a secret with a wrong check sum": [clientId, clientSecret.replace(/.$/, (c) => (c === "0" ? "1" : "0"))],
    "a malformed secret": [clientId, "secret"],
    "a secret in upper case": [clientId, clientSecret.toUpperCase()],
    "a secret cut short": [clientId, clientSecret.slice(0, -1)],
    "a secret with more after it": [clientId, `${clientSecret}0`],
    "a secret with a line end": [clientId, `${clientSecret}\n`],
    "a disabled client": [disabled.clientId, disabled.clientSecret],
    "a disabled client with a wrong secret": [disabled.clientId, clientSecret],
    "a secret that was replaced": [regenerated.clientId, regenerated.clientSecret],
  };
  for (const [what, [id, secret]] of Object.entries(wrong)) {
    expect(await requestToken({ clientId: id, clientSecret: secret }), `${what} in the form`).toEqual(REFUSED);
    expect(await withBasic(basic(id, secret)), `${what} as Basic`).toEqual(REFUSED);
  }
});

test("[check 13] refuses a wrong client before it looks at the scope", async () => {
  expect(await requestToken({ ...client, clientSecret: other.clientSecret }, { scope: "nonsense" })).toEqual(REFUSED);
});
