import { expect, test } from "vitest";
import { oauthError, REFUSED } from "../support/answers.ts";
import type { Answer } from "../support/http.ts";
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
const noCredentials = (missing: string) =>
  invalidClient(`Send client_id and client_secret in the form, or as HTTP Basic. Missing: ${missing}.`);
const NO_CREDENTIALS = noCredentials("client_id, client_secret");
const NOT_BASIC = invalidClient(
  "The Authorization header is not HTTP Basic: send Basic and the Base64 form of client_id:client_secret.",
);
const NO_ASSERTIONS = invalidClient(
  "Authenticate with client_id and client_secret: client assertions are not supported.",
);
const NOT_COMPLETE = invalidClient(
  "client_secret is not complete, or was changed: copy it again. A client secret is socmate_ and 49 letters and digits.",
);
const NOT_A_CLIENT_ID = invalidClient(
  "client_id does not have the form of a client id: copy it again. A client id has lower-case letters, digits and hyphens.",
);
const strayCharacter = (what: string) => invalidClient(`${what}: send it without.`);
const strayLineBreak = (what: string) =>
  invalidClient(`${what}: send it without (echo adds a line break, printf does not).`);
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
  expect(await withBasic(basic(clientId, `${clientSecret}:`))).toEqual(NOT_COMPLETE);
  expect(await withBasic(basic(clientId, `:${clientSecret}`))).toEqual(NOT_COMPLETE);
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

test.for<[string, Record<string, string>, string]>([
  ["no credentials", {}, "client_id, client_secret"],
  ["no secret", { client_id: clientId }, "client_secret"],
  ["no id", { client_secret: clientSecret }, "client_id"],
  ["an empty secret", { client_id: clientId, client_secret: "" }, "client_secret"],
  ["an empty id", { client_id: "", client_secret: clientSecret }, "client_id"],
])(
  "[check 12] [check 19] RFC 6749 §5.2, RFC 7617 §2: answers %s with 401 and a challenge",
  async ([, form, missing]) => {
    expect(await postForm(url, { ...GRANT, ...form })).toEqual(noCredentials(missing));
  },
);

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
    "the secret of another client": [clientId, other.clientSecret],
    "a disabled client": [disabled.clientId, disabled.clientSecret],
    "a disabled client with a wrong secret": [disabled.clientId, clientSecret],
    "a secret that was replaced": [regenerated.clientId, regenerated.clientSecret],
  };
  for (const [what, [id, secret]] of Object.entries(wrong)) {
    expect(await requestToken({ clientId: id, clientSecret: secret }), `${what} in the form`).toEqual(REFUSED);
    expect(await withBasic(basic(id, secret)), `${what} as Basic`).toEqual(REFUSED);
  }
});

const wrongCheckSum = clientSecret.replace(/.$/, (c) => (c === "0" ? "1" : "0"));
test.for<[string, string, string, Answer]>([
  ["a secret cut short", clientId, clientSecret.slice(0, -1), NOT_COMPLETE],
  ["a secret without its start", clientId, clientSecret.slice(1), NOT_COMPLETE],
  ["a secret with more after it", clientId, `${clientSecret}0`, NOT_COMPLETE],
  ["a secret with a wrong check sum", clientId, wrongCheckSum, NOT_COMPLETE],
  ["a secret in upper case", clientId, clientSecret.toUpperCase(), NOT_COMPLETE],
  ["something else as a secret", clientId, "generated-secret-value", NOT_COMPLETE],
  [
    "a secret with a line end",
    clientId,
    `${clientSecret}\n`,
    strayLineBreak("client_secret has a line break at its end"),
  ],
  [
    "a secret after a space",
    clientId,
    ` ${clientSecret}`,
    strayCharacter("client_secret has white space at its start"),
  ],
  [
    "a secret with a space in it",
    clientId,
    clientSecret.replace("_", "_ "),
    strayCharacter("client_secret has white space in it"),
  ],
  [
    "a client_id with a line end",
    `${clientId}\r\n`,
    clientSecret,
    strayLineBreak("client_id has a line break at its end"),
  ],
  ["a client_id before a tab", `${clientId}\t`, clientSecret, strayCharacter("client_id has white space at its end")],
  [
    "a client_id with a zero-width space",
    `${clientId}\u200b`,
    clientSecret,
    strayCharacter("client_id has an invisible character at its end"),
  ],
  ["a client_id in upper case", clientId.toUpperCase(), clientSecret, NOT_A_CLIENT_ID],
  ["a client_id in quotes", `"${clientId}"`, clientSecret, NOT_A_CLIENT_ID],
  [
    "swapped id and secret",
    clientSecret,
    clientId,
    invalidClient(
      "client_id and client_secret are swapped: send the client id as client_id, and the secret as client_secret.",
    ),
  ],
  [
    "the secret as client_id too",
    clientSecret,
    clientSecret,
    invalidClient("client_id holds a client secret: send the client id as client_id, and the secret as client_secret."),
  ],
])("[check 64] RFC 6749 §5.2: says what is wrong with %s, in the form and in Basic", async ([, id, secret, answer]) => {
  expect(await requestToken({ clientId: id, clientSecret: secret })).toEqual(answer);
  expect(await withBasic(basic(id, secret))).toEqual(answer);
});

test("[check 64] says so where the Base64 text of Basic is in two lines, as base64 writes it", async () => {
  const { clientId: longId, clientSecret: secret } = await createClient({ name: "XSOAR Production in Frankfurt" });
  const wrapped = basic(longId, secret).replace(/(?<=^Basic .{76})/, " ");
  expect(await withBasic(wrapped)).toEqual(
    invalidClient(
      "The Base64 text in the Authorization header has white space in it: write it in one piece (base64 -w0 does).",
    ),
  );
});

test("[check 13] refuses a wrong client before it looks at the scope", async () => {
  expect(await requestToken({ ...client, clientSecret: other.clientSecret }, { scope: "nonsense" })).toEqual(REFUSED);
});
