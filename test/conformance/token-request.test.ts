import { readFileSync } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { expect, test } from "vitest";
import { oauthError } from "../support/answers.ts";
import { type Answer, bodyOf, send } from "../support/http.ts";
import { openConnection, rawRequest, sendRaw } from "../support/raw-http.ts";
import { ALL_SCOPES, postForm, startTestService } from "../support/test-service.ts";

const { url, service, createClient, requestToken } = await startTestService();
const { host } = new URL(url);
const client = await createClient();
const credentials = `client_id=${client.clientId}&client_secret=${client.clientSecret}`;
const FORM = "application/x-www-form-urlencoded";

const invalidRequest = (description: string) => oauthError(400, "invalid_request", description);
const MISSING_GRANT = invalidRequest(
  "The parameter grant_type is missing: send grant_type=client_credentials in the form in the body.",
);
const UNSUPPORTED_GRANT = oauthError(
  400,
  "unsupported_grant_type",
  "Send grant_type=client_credentials: it is the only grant here.",
);
const wrongMediaType = (received: string) =>
  invalidRequest(
    `The Content-Type ${received}: send the parameters as a form, Content-Type: application/x-www-form-urlencoded.`,
  );
const FORM_IN_ANOTHER_WAY =
  "names the form in another way, such as twice, in quotes, or without a semicolon before a parameter";
const inUrl = (fault: string, more = "") =>
  invalidRequest(`${fault}: send grant_type, scope and credentials in the form in the body, not in the URL.${more}`);
const LEAKED = " Then regenerate the secret: logs may have it.";
const LINE_BREAK =
  "The body has a line break: send the parameters in one line, joined by &, with nothing after the last one.";
const MALFORMED = invalidRequest(
  "The body is malformed: encode it as application/x-www-form-urlencoded, with correct percent-encoding.",
);
const TOO_LARGE = oauthError(413, "invalid_request", "The body is too large: send at most 8 KiB.");
const invalidScope = (fault: string, scopes: readonly string[] = ALL_SCOPES) =>
  oauthError(
    400,
    "invalid_scope",
    `${fault} This client has: ${scopes.join(" ")}. Separate scopes by single spaces, or leave scope out to get all of them.`,
  );
const repeated = (name: string) => invalidRequest(`The parameter ${name} is repeated: send it once.`);

function expectToken(answer: Answer, scope: string = ALL_SCOPES.join(" ")): void {
  expect(answer.status).toBe(200);
  expect(bodyOf(answer)).toMatchObject({ token_type: "Bearer", scope });
}

test.for(["GET", "PUT", "PATCH", "DELETE", "OPTIONS"])(
  "[check 1] RFC 6749 §3.2: refuses %s with 405 and the method to use",
  async (method) => {
    const expected = oauthError(405, "invalid_request", "Use POST.", { allow: "POST" });
    expect(await send(`${url}/oauth/token`, { method })).toEqual(expected);
  },
);

test("[check 1] RFC 6749 §3.2: refuses HEAD with the headers of a 405 and no body", async () => {
  const { headers } = oauthError(405, "invalid_request", "Use POST.", { allow: "POST" });
  expect(await send(`${url}/oauth/token`, { method: "HEAD" })).toEqual({ status: 405, headers, text: "" });
});

test.for([
  ["application/json", "is application/json"],
  ["text/plain;charset=UTF-8", "is text/plain"],
  ["multipart/form-data; boundary=x", "is multipart/form-data"],
  ["application/octet-stream", "is that of something else"],
  ["text/html, application/xml", "is that of something else"],
  ["application/x-www-form-urlencoded2", FORM_IN_ANOTHER_WAY],
  ["x-www-form-urlencoded", FORM_IN_ANOTHER_WAY],
  [`"${FORM}"`, FORM_IN_ANOTHER_WAY],
  [`${FORM} charset=utf-8`, FORM_IN_ANOTHER_WAY],
  [`${FORM}, ${FORM}`, FORM_IN_ANOTHER_WAY],
  [`text/html, ${FORM}`, FORM_IN_ANOTHER_WAY],
  ["", "is missing"],
] as const)(
  '[check 2] [check 64] RFC 6749 §4.4.2: refuses the media type "%s", says that it %s, and names the right one',
  async ([mediaType, received]) => {
    expect(await postForm(url, `grant_type=client_credentials&${credentials}`, { "content-type": mediaType })).toEqual(
      wrongMediaType(received),
    );
  },
);

test("[check 2] RFC 6749 §4.4.2: refuses a body without a media type", async () => {
  const body = new Blob([`grant_type=client_credentials&${credentials}`]);
  expect(await send(`${url}/oauth/token`, { method: "POST", body })).toEqual(wrongMediaType("is missing"));
});

test.for([
  `${FORM}; charset=UTF-8`,
  `${FORM}; charset=utf-16`,
  `${FORM};charset=ISO-8859-1`,
  `${FORM.toUpperCase()} ; foo=bar`,
])("[check 2] RFC 9110 §8.3.1: takes the media type %s", async (mediaType) => {
  expectToken(await postForm(url, `grant_type=client_credentials&${credentials}`, { "content-type": mediaType }));
});

test("[check 3] RFC 6749 §3.2: takes a parameter without a value for absent", async () => {
  expectToken(
    await postForm(url, `grant_type=client_credentials&${credentials}&scope=&client_assertion=&client_assertion_type`),
  );
  expect(await postForm(url, `grant_type=&${credentials}`)).toEqual(MISSING_GRANT);
});

test("[check 4] RFC 6749 §3.2: ignores parameters that it does not know, even repeated or without a name", async () => {
  expectToken(
    await requestToken(client, {
      audience: "https://elsewhere.example",
      resource: "x",
      refresh_token: "y",
      __proto__: "z",
    }),
  );
  expectToken(await postForm(url, `&&grant_type=client_credentials&a=1&a=2&=3&${credentials}&`));
});

test.for(["grant_type", "scope", "client_id", "client_secret"])(
  "[check 5] RFC 6749 §3.2: refuses %s when it is repeated, even with the same or without a value",
  async (name) => {
    const form = new URLSearchParams({
      grant_type: "client_credentials",
      client_id: client.clientId,
      client_secret: client.clientSecret,
      scope: "search:read",
    });
    for (const value of [form.get(name) ?? "", "", "other"]) {
      const twice = new URLSearchParams([...form, [name, value]]);
      expect(await postForm(url, twice.toString())).toEqual(repeated(name));
    }
  },
);

test("[check 5] RFC 6749 §3.2: sees through the encoding of a repeated parameter's name", async () => {
  expect(await postForm(url, `grant_type=client_credentials&${credentials}&%63lient_id=other`)).toEqual(
    repeated("client_id"),
  );
});

const postTo = (query: string, body = `grant_type=client_credentials&${credentials}`) =>
  send(`${url}/oauth/token?${query}`, { method: "POST", headers: { "content-type": FORM }, body });

test.for<[string, Answer]>([
  ["scope=search:read", inUrl("scope is in the URL")],
  ["client_id=x", inUrl("client_id is in the URL")],
  ["client_secret=", inUrl("client_secret is in the URL")],
  ["client_assertion=x", inUrl("client_assertion is in the URL")],
  ["grant_type=", inUrl("grant_type has another value in the URL than in the body")],
  ["grant_type=password", inUrl("grant_type has another value in the URL than in the body")],
  ["grant_type=client_credentials&grant_type=client_credentials", inUrl("grant_type is repeated in the URL")],
  ["grant_type=client_credentials&scope=search:read", inUrl("scope is in the URL")],
])("[check 5] [check 64] RFC 6749 §3.2: refuses an OAuth parameter in body and URL (%s)", async ([query, refusal]) => {
  expect(await postTo(query)).toEqual(refusal);
});

test("[check 5] takes grant_type in the URL as well, with the value that it has in the body", async () => {
  expectToken(await postTo("grant_type=client_credentials"));
  expect(await postTo("grant_type=client_credentials", credentials)).toEqual(inUrl("grant_type is in the URL alone"));
  expect(await postTo("grant_type=password", `grant_type=password&${credentials}`)).toEqual(UNSUPPORTED_GRANT);
});

test("[check 6] [check 64] RFC 6749 §2.3.1: refuses credentials in the URL and does not log them", async () => {
  const refusal = inUrl("client_secret is in the URL", LEAKED);
  expect(await postTo(`grant_type=client_credentials&${credentials}`, "")).toEqual(refusal);
  expect(await postTo(credentials)).toEqual(refusal);
  expect(service.lines.join("\n")).not.toContain(client.clientSecret);
});

test("RFC 6749 §3.2: ignores other parameters in the URL", async () => {
  expectToken(await postTo("api-version=1&audience=x"));
});

test.for(["%", "%4", "%zz", "%c3", "%ff%fe", "%u0041", "%ed%a0%80"])(
  "[check 7] RFC 6749 App. B: refuses the malformed encoding %s in a value or a name",
  async (sequence) => {
    expect(await postForm(url, `grant_type=client_credentials&${credentials}&scope=${sequence}`)).toEqual(MALFORMED);
    expect(await postForm(url, `grant_type=client_credentials&${credentials}&${sequence}=x`)).toEqual(MALFORMED);
  },
);

test("[check 7] RFC 6749 App. B: refuses bytes that are not UTF-8", async () => {
  const body = Buffer.concat([Buffer.from(`grant_type=client_credentials&${credentials}&x=`), Buffer.from([0xff])]);
  expect(await send(`${url}/oauth/token`, { method: "POST", headers: { "content-type": FORM }, body })).toEqual(
    invalidRequest("The body is malformed: encode it as application/x-www-form-urlencoded, with correct UTF-8."),
  );
});

test("[check 7] RFC 6749 App. B: takes + and %20 for a space, and %2B for a plus", async () => {
  const form = `grant_type=client_credentials&${credentials}`;
  expectToken(await postForm(url, `${form}&scope=search:read+graph:read`), "search:read graph:read");
  expectToken(await postForm(url, `${form}&scope=search%3Aread%20graph%3aread`), "search:read graph:read");
  expect(await postForm(url, `${form}&scope=search:read%2Bgraph:read`)).toEqual(
    invalidScope("Not granted: search:read?graph:read."),
  );
});

test("[check 8] takes a body of 8 KiB and refuses one byte more", async () => {
  const start = `grant_type=client_credentials&${credentials}&padding=`;
  const body = start.padEnd(8 * 1024, "x");
  expectToken(await postForm(url, body));
  expect(await postForm(url, `${body}x`)).toEqual(TOO_LARGE);
});

test("[check 8] refuses a body of 100 KB, which the platform lets through", async () => {
  expect(await postForm(url, "x".repeat(100_000))).toEqual(TOO_LARGE);
});

test("[check 8] refuses a chunked body of one byte more than 8 KiB", async () => {
  const head = rawRequest(`
    POST /oauth/token HTTP/1.1
    Host: ${host}
    Content-Type: ${FORM}
    Transfer-Encoding: chunked

  `);
  const chunk = (bytes: number) => `${bytes.toString(16)}\r\n${"x".repeat(bytes)}\r\n`;
  expect(await sendRaw(url, head, chunk(8 * 1024), chunk(1), chunk(0))).toEqual(TOO_LARGE);
});

/** Azure's answer to a body over FUNCTIONS_REQUEST_BODY_SIZE_LIMIT, of which no function is told. */
const TOO_LARGE_FOR_PLATFORM: Answer = { status: 500, headers: {}, text: "" };

test.for([
  { framing: "Content-Length: 50000000", chunk: Buffer.alloc(100_000, "x") },
  { framing: "Transfer-Encoding: chunked", chunk: Buffer.from(`186a0\r\n${"x".repeat(100_000)}\r\n`) },
])("[check 8] keeps its memory flat under 50 MB with $framing", async ({ framing, chunk }) => {
  const head = rawRequest(`
    POST /oauth/token HTTP/1.1
    Host: ${host}
    Content-Type: ${FORM}
    ${framing}

  `);
  const floods = () => Promise.all(Array.from({ length: 4 }, () => flood(head, chunk, 500)));
  await floods();
  const before = residentBytes(service.pid);
  expect(await floods()).toEqual(Array(4).fill(TOO_LARGE_FOR_PLATFORM));
  // 200 MB were sent once more; what may remain is garbage of their way through the sockets.
  expect(residentBytes(service.pid) - before).toBeLessThan(50_000_000);
});

/** Sends a head and then as much of a body as the other side takes. */
async function flood(head: Buffer, chunk: Buffer, times: number): Promise<Answer> {
  await using connection = await openConnection(url);
  connection.socket.write(head);
  const body = Readable.from(Array(times).fill(chunk));
  const sent = pipeline(body, connection.socket, { end: false }).catch(() => {});
  const answer = await connection.answer();
  connection.socket.destroy();
  await sent;
  return answer;
}

function residentBytes(pid: number): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kilobytes) * 1024;
}

test("[check 14] RFC 6749 §5.2: refuses a missing grant_type", async () => {
  expect(await postForm(url, credentials)).toEqual(MISSING_GRANT);
  expect(await postForm(url, "")).toEqual(MISSING_GRANT);
});

test.for([
  "Client_Credentials",
  "CLIENT_CREDENTIALS",
  "password",
  "authorization_code",
  "refresh_token",
  "urn:ietf:params:oauth:grant-type:jwt-bearer",
  "constructor",
])('[check 14] RFC 6749 §5.2: refuses the grant "%s"', async (grantType) => {
  expect(await requestToken(client, { grant_type: grantType })).toEqual(UNSUPPORTED_GRANT);
});

test.for<[string, string]>([
  ["client_credentials ", "white space at its end"],
  ["client_credentials\n", "a line break at its end"],
  ["\u200bclient_credentials", "an invisible character at its start"],
])("[check 14] [check 64] RFC 6749 §5.2: refuses the grant %j, which has %s", async ([grantType, stray]) => {
  const refusal = `grant_type has ${stray}: send grant_type=client_credentials.`;
  expect(await requestToken(client, { grant_type: grantType })).toEqual(
    oauthError(400, "unsupported_grant_type", refusal),
  );
});

const NO_CREDENTIALS = "Send client_id and client_secret in the form, or as HTTP Basic. Missing:";
const SECRET_LINE_BREAK = "client_secret has a line break";
const WITHOUT = "send it without (echo adds a line break, printf does not).";
test.for<[string, string, number, string, string]>([
  [
    "after the secret",
    `grant_type=client_credentials&${credentials}\n`,
    401,
    "invalid_client",
    `${SECRET_LINE_BREAK} at its end: ${WITHOUT} ${LINE_BREAK}`,
  ],
  [
    "after the grant",
    `${credentials}&grant_type=client_credentials\r\n`,
    400,
    "unsupported_grant_type",
    `grant_type has a line break at its end: send grant_type=client_credentials. ${LINE_BREAK}`,
  ],
  [
    "after each &",
    `grant_type=client_credentials&\n${credentials.replace("&", "&\n")}`,
    401,
    "invalid_client",
    `${NO_CREDENTIALS} client_id, client_secret. ${LINE_BREAK}`,
  ],
  [
    "before each &",
    `grant_type=client_credentials&${credentials.replace("&", "\n&")}`,
    401,
    "invalid_client",
    `client_id has a line break at its end: ${WITHOUT} ${LINE_BREAK}`,
  ],
  [
    "in place of each &",
    `client_id=${client.clientId}\nclient_secret=${client.clientSecret}\ngrant_type=client_credentials`,
    400,
    "invalid_request",
    `The parameter grant_type is missing: send grant_type=client_credentials in the form in the body. ${LINE_BREAK}`,
  ],
])("[check 64] says so where the body has a line break %s", async ([, body, status, error, description]) => {
  expect(await postForm(url, body)).toEqual(oauthError(status, error, description));
});

test("[check 64] says so where the body of a form is JSON or UTF-16", async () => {
  const form = { grant_type: "client_credentials", client_id: client.clientId, client_secret: client.clientSecret };
  const missing = "The parameter grant_type is missing: send grant_type=client_credentials in the form in the body.";
  expect(await postForm(url, JSON.stringify(form, null, 2))).toEqual(
    invalidRequest(`${missing} The body is JSON: send a form, such as grant_type=client_credentials&scope=...`),
  );
  expect(await postForm(url, new URLSearchParams(form).toString().replaceAll(/./g, "$&\0"))).toEqual(
    invalidRequest(`${missing} The body has zero bytes, as UTF-16 has: encode it in UTF-8.`),
  );
});

test("[check 64] takes a line break in a body that has everything else right", async () => {
  expectToken(await postForm(url, `grant_type=client_credentials&${credentials}&\n`));
  expectToken(await postForm(url, `grant_type=client_credentials&${credentials}&note=a\nb`));
});

test.for([
  ["search:read", "search:read"],
  ["graph:read search:read", "search:read graph:read"],
  ["search:read search:read", "search:read"],
  [ALL_SCOPES.toReversed().join(" "), ALL_SCOPES.join(" ")],
] as const)('[check 15] RFC 6749 §3.3: grants the scopes "%s" in any order', async ([scope, granted]) => {
  expectToken(await requestToken(client, { scope }), granted);
});

test.for<[string, string, string]>([
  ["a tab", "search:read\tgraph:read", "scope has white space in it. Not granted: search:read?graph:read."],
  [
    "a no-break space",
    "search:read\u00a0graph:read",
    "scope has white space in it. Not granted: search:read?graph:read.",
  ],
  ["a doubled space", "search:read  graph:read", "scope has a space too many."],
  ["a space before", " search:read", "scope has a space too many."],
  ["a space after", "search:read ", "scope has a space too many."],
  ["a space alone", " ", "scope has a space too many."],
  ["a comma", "search:read,graph:read", "Not granted: search:read,graph:read."],
  ["a line break", "search:read\ngraph:read", "scope has a line break in it. Not granted: search:read?graph:read."],
  ["a line end", "search:read\n", "scope has a line break at its end. Not granted: search:read?."],
  ["upper case", "Search:read", "Not granted: Search:read."],
  ["an unknown scope", "search:write", "Not granted: search:write."],
  ["a known and an unknown scope", "search:read admin", "Not granted: admin."],
  ["many unknown scopes", "a b c d e f g", "Not granted: a b c d e and 2 more."],
  ["a long scope", "a".repeat(41), `Not granted: ${"a".repeat(40)}....`],
  ["a quoted scope", '"search:read"', "Not granted: ?search:read?."],
  ["a wildcard", "*", "Not granted: *."],
  ["NUL", "search:read\0", "scope has an invisible character at its end. Not granted: search:read?."],
  ["a look-alike", "s\u0435arch:read", "Not granted: s?arch:read."],
  ["a member of every object", "constructor", "Not granted: constructor."],
  ["a client secret", client.clientSecret, "Not granted: (a client secret)."],
])("[check 15] [check 65] RFC 6749 §3.3: refuses %s in scope and says so", async ([, scope, fault]) => {
  expect(await requestToken(client, { scope })).toEqual(invalidScope(fault));
});

test("[check 15] [check 65] RFC 6749 §3.3: refuses a scope that exists but is not the client's, and names those that are", async () => {
  const reader = await createClient({ scopes: ["incidents:read", "search:read"] });
  expect(await requestToken(reader, { scope: "search:read graph:read" })).toEqual(
    invalidScope("Not granted: graph:read.", ["incidents:read", "search:read"]),
  );
});

test("[check 16] RFC 6749 §3.3: grants all registered scopes where scope is absent or empty", async () => {
  const scopes = ["incidents:read", "search:read"];
  const reader = await createClient({ scopes });
  expectToken(await requestToken(reader), scopes.join(" "));
  expectToken(await requestToken(reader, { scope: "" }), scopes.join(" "));
});
