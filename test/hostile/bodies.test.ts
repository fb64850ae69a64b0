import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { afterEach, expect, test } from "vitest";
import { z } from "zod";
import { type Answer, bodyOf, send } from "../support/http.ts";
import { postForm, startTestService } from "../support/test-service.ts";

// Bodies in unexpected encodings, shapes and sizes.

const { url, stack, service, admin, createClient, requestToken } = await startTestService();
const client = await createClient();
const FORM = "application/x-www-form-urlencoded";
const TOKEN_FORM = `grant_type=client_credentials&client_id=${client.clientId}&client_secret=${client.clientSecret}`;

afterEach(async () => {
  expect(await requestToken(client)).toMatchObject({ status: 200 });
});

function postBytes(path: string, body: Uint8Array<ArrayBuffer>, headers: Record<string, string>): Promise<Answer> {
  return send(url + path, { method: "POST", body, headers });
}
const postToken = (body: string | Buffer<ArrayBuffer>, headers: Record<string, string> = {}) =>
  postBytes("/oauth/token", Buffer.from(body as string), { "content-type": FORM, ...headers });
const postClient = (body: string | Buffer<ArrayBuffer>, headers: Record<string, string> = {}) =>
  postBytes("/api/admin/api-clients", Buffer.from(body as string), {
    "content-type": "application/json",
    authorization: `Bearer ${stack.adminToken()}`,
    ...headers,
  });

const INVALID_REQUEST = {
  status: 400,
  headers: { "content-type": "application/json", "cache-control": "no-store" },
  text: expect.stringContaining('"error":"invalid_request"'),
};
const BAD_REQUEST = {
  status: 400,
  headers: { "content-type": "application/problem+json", "cache-control": "no-store" },
};
/** A problem without `errors`: the body was not parsed. */
const notJson = z.strictObject({ type: z.string(), title: z.string(), status: z.literal(400), detail: z.string() });

test.for<[string, Buffer<ArrayBuffer>]>([
  ["gzip", gzipSync(TOKEN_FORM)],
  ["deflate", deflateSync(TOKEN_FORM)],
  ["br", brotliCompressSync(TOKEN_FORM)],
])("unpacks no form that is compressed with %s", async ([coding, body]) => {
  expect(await postToken(body, { "content-encoding": coding })).toMatchObject(INVALID_REQUEST);
});

test("refuses a form that is a compression bomb by its compressed size", async () => {
  const bomb = gzipSync(Buffer.alloc(20_000_000, "a"));
  expect(await postToken(bomb, { "content-encoding": "gzip" })).toMatchObject({ status: 413 });
});

test("finds no grant in a form in UTF-16 or UTF-32", async () => {
  expect(await postToken(Buffer.from(TOKEN_FORM, "utf16le"))).toMatchObject(INVALID_REQUEST);
  expect(await postToken(Buffer.from(`\ufeff${TOKEN_FORM}`, "utf16le"))).toMatchObject(INVALID_REQUEST);
  const utf32 = Buffer.concat([...TOKEN_FORM].map((c) => Buffer.from([c.charCodeAt(0), 0, 0, 0])));
  expect(await postToken(utf32)).toMatchObject(INVALID_REQUEST);
});

test("refuses a form in overlong UTF-8", async () => {
  const overlong = Buffer.concat([
    Buffer.from(TOKEN_FORM),
    Buffer.from("&x=c0af", "latin1"),
    Buffer.from([0xc0, 0xaf]),
  ]);
  expect(await postToken(overlong)).toMatchObject(INVALID_REQUEST);
  expect(await postToken(`${TOKEN_FORM}&x=%c0%af`)).toMatchObject(INVALID_REQUEST);
});

test.for([";", ",", "\n", "&amp;", "%26"])(
  "finds no credentials in a form that is separated by %j",
  async (separator) => {
    const { status, text } = await postToken(TOKEN_FORM.replaceAll("&", separator));
    expect([400, 401]).toContain(status);
    expect(text).toMatch(/"error":"(invalid_request|unsupported_grant_type|invalid_client)"/);
  },
);

test("takes no parameter from within the value of another", async () => {
  const form = { grant_type: "client_credentials", client_id: client.clientId, client_secret: client.clientSecret };
  expect(await postForm(url, { ...form, x: "&scope=everything" })).toMatchObject({ status: 200 });
  expect(await postForm(url, { ...form, scope: "search:read&scope=graph:read" })).toMatchObject({ status: 400 });
});

test.for<[string, string]>([
  ["separators", "&"],
  ["equals signs", "="],
  ["pairs", "a=b&"],
  ["pluses", "+"],
  ["escapes", "%25"],
  ["NULs", "\0"],
  ["emoji", "🚀"],
])("refuses a form of 8 KB of %s", async ([, text]) => {
  const body = text.repeat(8192 / Buffer.byteLength(text));
  expect(await postToken(body)).toMatchObject(INVALID_REQUEST);
});

test("reads a form whose parameters have the names of members of every object", async () => {
  const names = [
    "__proto__",
    "constructor",
    "toString",
    "hasOwnProperty",
    "__proto__[grant_type]",
    "constructor.prototype",
  ];
  const body = `${TOKEN_FORM}&${names.map((name) => `${name}=x&${name}=y`).join("&")}`;
  expect(await postToken(body)).toMatchObject({ status: 200 });
  expect(await postToken("__proto__=client_credentials&constructor=x")).toMatchObject(INVALID_REQUEST);
});

const VALID = '{"name":"Test","scopes":["search:read"]}';

test.for<[string, Buffer<ArrayBuffer>]>([
  ["compressed", gzipSync(VALID)],
  ["in UTF-16", Buffer.from(VALID, "utf16le")],
  ["in UTF-16 with a mark", Buffer.from(`\ufeff${VALID}`, "utf16le")],
  [
    "with bytes that are not UTF-8",
    Buffer.concat([Buffer.from(VALID.slice(0, 12)), Buffer.from([0xff]), Buffer.from(VALID.slice(12))]),
  ],
  ["with NUL after it", Buffer.from(`${VALID}\0`)],
  ["with a comment", Buffer.from(`${VALID}//x`)],
  ["with a comma too many", Buffer.from(VALID.replace("}", ",}"))],
  ["written twice", Buffer.from(VALID + VALID)],
  ["cut short", Buffer.from(VALID.slice(0, -1))],
  ["with NaN", Buffer.from('{"name":NaN,"scopes":["search:read"]}')],
  ["with a bare control character", Buffer.from('{"name":"a\nb","scopes":["search:read"]}')],
  ["of 64 KB of brackets", Buffer.from("[".repeat(65_536))],
  ['of 64 KB of {"a":', Buffer.from('{"a":'.repeat(13_000))],
])("refuses a new client %s: it is no JSON", async ([, body]) => {
  const answer = await postClient(body);
  expect(answer).toMatchObject(BAD_REQUEST);
  notJson.parse(bodyOf(answer));
});

test.for<[string, string]>([
  ["numbers without end", '{"name":1e400,"scopes":[-1e400,1E+99999]}'],
  ["a number of 60,000 digits", `{"name":${"9".repeat(60_000)},"scopes":[]}`],
  ["10,000 nested objects", `{"name":${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)},"scopes":["search:read"]}`],
  ["a name of 64,000 characters", JSON.stringify({ name: "x".repeat(64_000), scopes: ["search:read"] })],
  ["a name of 10,000 accents", JSON.stringify({ name: `a${"\u0300\u0316".repeat(10_000)}`, scopes: ["search:read"] })],
  ["a name of 2,000 joined emoji", JSON.stringify({ name: "👩‍👩‍👧‍👦".repeat(2_000), scopes: ["search:read"] })],
  ["a name of 60,000 spaces", JSON.stringify({ name: `x${" ".repeat(60_000)}y`, scopes: ["search:read"] })],
  ["half a character", '{"name":"\\ud800","scopes":["search:read"]}'],
  ["a scope 4,000 times", JSON.stringify({ name: "x", scopes: Array(4_000).fill("search:read") })],
  ["an array with a name", '{"name":"x","scopes":{"0":"search:read","length":1}}'],
])("refuses a new client with %s", async ([, body]) => {
  expect(await postClient(body)).toMatchObject(BAD_REQUEST);
});

test("takes the last of two equal members of a new client, as everywhere in JavaScript", async () => {
  const { client_id: clientId } = z
    .object({ client_id: z.string() })
    .parse(bodyOf(await postClient('{"name":"first","name":"last","scopes":["graph:read"],"scopes":["search:read"]}')));
  expect(bodyOf(await admin("GET", `/${clientId}`))).toMatchObject({ name: "last", scopes: ["search:read"] });
});

test("pollutes no prototype by the members of a new client", async () => {
  const polluted = [
    '{"__proto__":{"status":"active","roles":["admin"]}}',
    '{"constructor":{"prototype":{"limit":"0"}}}',
    '{"name":{"__proto__":{"length":1}},"scopes":["search:read"]}',
    '{"name":"x","scopes":["__proto__"]}',
    '{"name":"x","scopes":["constructor","toString","hasOwnProperty"]}',
  ];
  for (const body of polluted) expect(await postClient(body)).toMatchObject({ status: 400 });
  const headers = { authorization: `Bearer ${stack.adminToken({ roles: [] })}` };
  expect(await send(`${url}/api/admin/api-clients`, { headers })).toMatchObject({ status: 403 });
  expect(await admin("GET")).toMatchObject({ status: 200 });
});

test("logs no failure of the service for any hostile body", () => {
  expect(service.lines.filter((line) => line.includes('"failed"'))).toEqual([]);
});
