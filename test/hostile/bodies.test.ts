import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { oauthError, problem } from "../support/answers.ts";
import { type Answer, bodyOf, send } from "../support/http.ts";
import { postForm, startTestService } from "../support/test-service.ts";

// Bodies in other encodings, other shapes and other sizes than anybody expects.

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

const MALFORMED_UTF8 = oauthError(
  400,
  "invalid_request",
  "The body is malformed: encode it as application/x-www-form-urlencoded, with correct UTF-8.",
);
const MISSING_GRANT = oauthError(
  400,
  "invalid_request",
  "The parameter grant_type is missing: send grant_type=client_credentials in the form in the body.",
);
const NOT_JSON = problem(400, "The body is not valid JSON in UTF-8.");

describe("a form", () => {
  test.for<[string, Buffer<ArrayBuffer>]>([
    ["gzip", gzipSync(TOKEN_FORM)],
    ["deflate", deflateSync(TOKEN_FORM)],
    ["br", brotliCompressSync(TOKEN_FORM)],
  ])("compressed with %s is not unpacked", async ([coding, body]) => {
    const { status, text } = await postToken(body, { "content-encoding": coding });
    expect({ status, text }).toEqual({ status: 400, text: expect.stringContaining("invalid_request") });
  });

  test("that is a bomb of compression is refused by its size", async () => {
    const bomb = gzipSync(Buffer.alloc(20_000_000, "a"));
    expect(await postToken(bomb, { "content-encoding": "gzip" })).toMatchObject({ status: 413 });
  });

  test("in UTF-16 or UTF-32 has no grant in it", async () => {
    expect(await postToken(Buffer.from(TOKEN_FORM, "utf16le"))).toEqual(MISSING_GRANT);
    expect(await postToken(Buffer.from(`\ufeff${TOKEN_FORM}`, "utf16le"))).toEqual(MALFORMED_UTF8);
    const utf32 = Buffer.concat([...TOKEN_FORM].map((c) => Buffer.from([c.charCodeAt(0), 0, 0, 0])));
    expect(await postToken(utf32)).toEqual(MISSING_GRANT);
  });

  test("in overlong UTF-8 is refused", async () => {
    const overlong = Buffer.concat([
      Buffer.from(TOKEN_FORM),
      Buffer.from("&x=c0af", "latin1"),
      Buffer.from([0xc0, 0xaf]),
    ]);
    expect(await postToken(overlong)).toEqual(MALFORMED_UTF8);
    expect(await postToken(`${TOKEN_FORM}&x=%c0%af`)).toMatchObject({ status: 400 });
  });

  test.for([";", ",", "\n", "&amp;", "%26"])("separated by %j has no credentials in it", async (separator) => {
    const { status, text } = await postToken(TOKEN_FORM.replaceAll("&", separator));
    expect([400, 401]).toContain(status);
    expect(text).toMatch(/"error":"(invalid_request|unsupported_grant_type|invalid_client)"/);
  });

  test("cannot smuggle a parameter in the value of another", async () => {
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
  ])("of 8 KB of %s is refused like any other without a grant", async ([, text]) => {
    const body = text.repeat(8192 / Buffer.byteLength(text));
    expect(await postToken(body)).toEqual(MISSING_GRANT);
  });

  test("with members of every object for names is a form like any other", async () => {
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
    expect(await postToken("__proto__=client_credentials&constructor=x")).toEqual(MISSING_GRANT);
  });
});

describe("JSON", () => {
  const Valid = '{"name":"Test","scopes":["search:read"]}';

  test.for<[string, Buffer<ArrayBuffer>]>([
    ["compressed", gzipSync(Valid)],
    ["in UTF-16", Buffer.from(Valid, "utf16le")],
    ["in UTF-16 with a mark", Buffer.from(`\ufeff${Valid}`, "utf16le")],
    [
      "with bytes that are not UTF-8",
      Buffer.concat([Buffer.from(Valid.slice(0, 12)), Buffer.from([0xff]), Buffer.from(Valid.slice(12))]),
    ],
    ["with NUL after it", Buffer.from(`${Valid}\0`)],
    ["with a comment", Buffer.from(`${Valid}//x`)],
    ["with a comma too many", Buffer.from(Valid.replace("}", ",}"))],
    ["in single quotes", Buffer.from(Valid.replaceAll('"', "'"))],
    ["twice", Buffer.from(Valid + Valid)],
    ["cut short", Buffer.from(Valid.slice(0, -1))],
    ["with NaN", Buffer.from('{"name":NaN,"scopes":["search:read"]}')],
    ["with a bare control character", Buffer.from('{"name":"a\nb","scopes":["search:read"]}')],
    ["of 64 KB of brackets", Buffer.from("[".repeat(65_536))],
    ['of 64 KB of {"a":', Buffer.from('{"a":'.repeat(13_000))],
  ])("%s is no JSON", async ([, body]) => {
    expect(await postClient(body)).toEqual(NOT_JSON);
  });

  test.for<[string, string, number]>([
    ["numbers without end", '{"name":1e400,"scopes":[-1e400,1E+99999]}', 400],
    ["a number of 60,000 digits", `{"name":${"9".repeat(60_000)},"scopes":[]}`, 400],
    ["10,000 nested objects", `{"name":${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)},"scopes":["search:read"]}`, 400],
    ["a name of 64,000 characters", JSON.stringify({ name: "x".repeat(64_000), scopes: ["search:read"] }), 400],
    [
      "a name of 10,000 accents",
      JSON.stringify({ name: `a${"\u0300\u0316".repeat(10_000)}`, scopes: ["search:read"] }),
      400,
    ],
    ["a name of 2,000 joined emoji", JSON.stringify({ name: "👩‍👩‍👧‍👦".repeat(2_000), scopes: ["search:read"] }), 400],
    ["a name of 60,000 spaces", JSON.stringify({ name: `x${" ".repeat(60_000)}y`, scopes: ["search:read"] }), 400],
    ["half a character", '{"name":"\\ud800","scopes":["search:read"]}', 400],
    ["a scope 10,000 times", JSON.stringify({ name: "x", scopes: Array(4_000).fill("search:read") }), 400],
    ["an array with a name", '{"name":"x","scopes":{"0":"search:read","length":1}}', 400],
  ])("with %s is refused", async ([, body, status]) => {
    expect(await postClient(body)).toMatchObject({ status, headers: { "content-type": "application/problem+json" } });
  });

  test("with the same member twice counts the last, as everywhere in JavaScript", async () => {
    const { client_id: clientId } = z
      .object({ client_id: z.string() })
      .parse(
        bodyOf(await postClient('{"name":"first","name":"last","scopes":["graph:read"],"scopes":["search:read"]}')),
      );
    expect(bodyOf(await admin("GET", `/${clientId}`))).toMatchObject({ name: "last", scopes: ["search:read"] });
  });

  test("pollutes no prototype", async () => {
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
});

test("nothing of all this was a failure of the service", () => {
  expect(service.lines.filter((line) => line.includes('"failed"'))).toEqual([]);
});
