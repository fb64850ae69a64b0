import { decodeJwt } from "jose";
import { expect, test } from "vitest";
import { z } from "zod";
import { oauthError, REFUSED } from "./support/answers.ts";
import { type Answer, bodyOf } from "./support/http.ts";
import { rawRequest, sendRaw } from "./support/raw-http.ts";
import { ALL_SCOPES, basic, startTestService } from "./support/test-service.ts";

// What SOAR platforms and their integrations really send to a token endpoint, byte for byte, and the answer that each of them needs.

const { url, createClient } = await startTestService();
const { host } = new URL(url);
const client = await createClient();
const { clientId, clientSecret } = client;
const BASIC = basic(clientId, clientSecret);

/** The bytes of a request, written down in full; `<length>` becomes the length of the body. */
const replay = (text: string): Promise<Answer> => sendRaw(url, rawRequest(text));
const tokenResponse = z.strictObject({
  access_token: z.string().max(1_500),
  // A burst like the one below gets a token again that is up to ten seconds old.
  expires_in: z.number().int().min(1790).max(1800),
  token_type: z.literal("Bearer"),
  scope: z.string(),
});

/** Every caller takes 200 and nothing else, does arithmetic on `expires_in`, and sends the token in a header. */
function expectToken(answer: Answer, scope: string = ALL_SCOPES.join(" ")): void {
  expect(answer.status, answer.text).toBe(200);
  const body = tokenResponse.parse(bodyOf(answer));
  expect(body.scope).toBe(scope);
  expect(decodeJwt(body.access_token)).toMatchObject({ client_id: clientId, scope });
}

test("XSOAR ContentClientApiModule: post by httpx, with an audience and parameters of its own", async () => {
  expectToken(
    await replay(`
      POST /oauth/token HTTP/1.1
      Host: ${host}
      Accept: */*
      Accept-Encoding: gzip, deflate
      Connection: keep-alive
      User-Agent: python-httpx/0.27.0
      Content-Length: <length>
      Content-Type: application/x-www-form-urlencoded

      grant_type=client_credentials&client_id=${clientId}&client_secret=${clientSecret}&scope=incidents%3Aread+search%3Aread&audience=https%3A%2F%2Fapi.socmate.example&tenant=production
    `),
    "incidents:read search:read",
  );
});

test("XSOAR ContentClientApiModule: shows the body of an error as it is, so it is readable and has no secret in it", async () => {
  const wrong = `${clientSecret.slice(0, -1)}!`;
  const answer = await replay(`
    POST /oauth/token HTTP/1.1
    Host: ${host}
    Accept: */*
    Accept-Encoding: gzip, deflate
    Connection: keep-alive
    User-Agent: python-httpx/0.27.0
    Content-Length: <length>
    Content-Type: application/x-www-form-urlencoded

    grant_type=client_credentials&client_id=${clientId}&client_secret=${encodeURIComponent(wrong)}
  `);
  expect(answer).toEqual(REFUSED);
  expect(answer.text).not.toContain(clientSecret.slice(0, 20));
});

test("XSOAR ContentClientApiModule: does not retry, so a burst of token calls is never refused", async () => {
  const call = () =>
    replay(`
      POST /oauth/token HTTP/1.1
      Host: ${host}
      Accept: */*
      User-Agent: python-httpx/0.27.0
      Content-Length: <length>
      Content-Type: application/x-www-form-urlencoded

      grant_type=client_credentials&client_id=${clientId}&client_secret=${clientSecret}
    `);
  const answers = await Promise.all(Array.from({ length: 30 }, call));
  for (const answer of answers) expectToken(answer);
});

test("XSOAR MicrosoftApiModule: post by requests, with a resource", async () => {
  expectToken(
    await replay(`
      POST /oauth/token HTTP/1.1
      Host: ${host}
      User-Agent: python-requests/2.31.0
      Accept-Encoding: gzip, deflate
      Accept: */*
      Connection: keep-alive
      Content-Length: <length>
      Content-Type: application/x-www-form-urlencoded

      client_id=${clientId}&client_secret=${clientSecret}&grant_type=client_credentials&scope=search%3Aread&resource=https%3A%2F%2Fapi.socmate.example
    `),
    "search:read",
  );
});

test("XSOAR CrowdStrikeApiModule: Basic and post with the same credentials but no grant_type is told what is missing", async () => {
  const packRequest = (grant: string) => `
    POST /oauth/token HTTP/1.1
    Host: ${host}
    User-Agent: python-requests/2.31.0
    Accept-Encoding: gzip, deflate
    Accept: */*
    Connection: keep-alive
    Content-Length: <length>
    Content-Type: application/x-www-form-urlencoded
    Authorization: ${BASIC}

    client_id=${clientId}&client_secret=${clientSecret}${grant}
  `;
  expect(await replay(packRequest(""))).toEqual(
    oauthError(
      400,
      "invalid_request",
      "The parameter grant_type is missing: send grant_type=client_credentials in the form in the body.",
    ),
  );
  expectToken(await replay(packRequest("&grant_type=client_credentials")));
});

test("XSOAR Prisma SaaS: Basic, and a form with a charset", async () => {
  expectToken(
    await replay(`
      POST /oauth/token HTTP/1.1
      Host: ${host}
      User-Agent: python-requests/2.31.0
      Accept-Encoding: gzip, deflate
      accept: application/json
      Connection: keep-alive
      Content-Type: application/x-www-form-urlencoded; charset=ISO-8859-1
      Authorization: ${BASIC}
      Content-Length: <length>

      grant_type=client_credentials&scope=investigations%3Aread+investigations%3Awrite
    `),
    "investigations:read investigations:write",
  );
});

test("XSOAR SaaS Security collector: grant and scope in the URL are refused, saying where they belong", async () => {
  expect(
    await replay(`
      POST /oauth/token?grant_type=client_credentials&scope=api_access HTTP/1.1
      Host: ${host}
      User-Agent: python-requests/2.31.0
      Accept-Encoding: gzip, deflate
      Accept: application/json
      Connection: keep-alive
      Content-Type: application/x-www-form-urlencoded; charset=ISO-8859-1
      Authorization: ${BASIC}
      Content-Length: 0

    `),
  ).toEqual(
    oauthError(
      400,
      "invalid_request",
      "Send grant_type, scope and credentials in the form in the body, not in the URL.",
    ),
  );
});

test("XSOAR CybelAngel: JSON is refused, saying what to send instead", async () => {
  expect(
    await replay(`
      POST /oauth/token HTTP/1.1
      Host: ${host}
      User-Agent: python-requests/2.31.0
      Accept-Encoding: gzip, deflate
      Accept: */*
      Connection: keep-alive
      Content-Type: application/json
      Content-Length: <length>

      {"client_id": "${clientId}", "client_secret": "${clientSecret}", "audience": "https://api.socmate.example/", "grant_type": "client_credentials"}
    `),
  ).toEqual(
    oauthError(
      400,
      "invalid_request",
      "Send the parameters as a form: Content-Type: application/x-www-form-urlencoded.",
    ),
  );
});

test("Splunk SOAR HTTP connector: Basic and the grant alone get every scope", async () => {
  expectToken(
    await replay(`
      POST /oauth/token HTTP/1.1
      Host: ${host}
      User-Agent: python-requests/2.31.0
      Accept-Encoding: gzip, deflate
      Accept: */*
      Connection: keep-alive
      Content-Length: <length>
      Content-Type: application/x-www-form-urlencoded
      Authorization: ${BASIC}

      grant_type=client_credentials
    `),
  );
});

const shuffleRequest = (parameters: string) => `
    POST /oauth/token HTTP/1.1
    Host: ${host}
    User-Agent: Go-http-client/1.1
    Content-Length: <length>
    Authorization: ${BASIC}
    Content-Type: application/x-www-form-urlencoded
    Accept-Encoding: gzip

    grant_type=client_credentials${parameters}
  `;

test("Shuffle: values that are not percent-encoded, with a raw space and colons", async () => {
  expectToken(
    await replay(shuffleRequest("&scope=investigations:read incidents:read")),
    "investigations:read incidents:read",
  );
  expectToken(await replay(shuffleRequest("&audience=https://api.socmate.example")));
});

test('Shuffle: an error never has both words, "error" and "audience", which would make it send the scope as audience', async () => {
  const answer = await replay(shuffleRequest("&scope=wrong:scope&audience=https://api.socmate.example"));
  expect(answer).toMatchObject({ status: 400, text: expect.stringContaining('"error":"invalid_scope"') });
  expect(answer.text.toLowerCase()).not.toContain("audience");
});

test("Tracecat: Basic by Authlib, with a list of scopes", async () => {
  expectToken(
    await replay(`
      POST /oauth/token HTTP/1.1
      Host: ${host}
      Accept: application/json
      Accept-Encoding: gzip, deflate
      Connection: keep-alive
      User-Agent: Authlib/1.3.1 (+https://authlib.org/)
      Content-Type: application/x-www-form-urlencoded;charset=UTF-8
      Authorization: ${BASIC}
      Content-Length: <length>

      grant_type=client_credentials&scope=search%3Aread%20graph%3Aread
    `),
    "search:read graph:read",
  );
});

test("n8n: an empty Authorization header beside the credentials in the form, and an empty scope", async () => {
  expectToken(
    await replay(`
      POST /oauth/token HTTP/1.1
      Accept: application/json, text/plain, */*
      Content-Type: application/x-www-form-urlencoded
      Authorization:
      User-Agent: axios/1.7.4
      Content-Length: <length>
      Accept-Encoding: gzip, compress, deflate, br
      Host: ${host}
      Connection: close

      grant_type=client_credentials&scope=&client_id=${clientId}&client_secret=${clientSecret}
    `),
  );
});

test("n8n, older versions: Basic and post with the same credentials", async () => {
  expectToken(
    await replay(`
      POST /oauth/token HTTP/1.1
      Accept: application/json, application/x-www-form-urlencoded
      Content-Type: application/x-www-form-urlencoded
      Authorization: ${BASIC}
      Content-Length: <length>
      Host: ${host}
      Connection: close

      client_id=${clientId}&client_secret=${clientSecret}&grant_type=client_credentials&scope=
    `),
  );
});

test("Microsoft Sentinel CCF poller: post, with headers and query parameters of its own", async () => {
  expectToken(
    await replay(`
      POST /oauth/token?api-version=2024-01-01&source=sentinel HTTP/1.1
      Host: ${host}
      Accept: application/json
      User-Agent: Scuba
      X-Requested-By: sentinel
      x-ms-client-request-id: 0af7651916cd43dd8448eb211c80319c
      Content-Type: application/x-www-form-urlencoded
      Content-Length: <length>

      grant_type=client_credentials&client_id=${clientId}&client_secret=${clientSecret}&scope=incidents%3Aread
    `),
    "incidents:read",
  );
});

test("Microsoft Sentinel CCF poller: the same with Basic, the body in chunks", async () => {
  expectToken(
    await replay(`
      POST /oauth/token?api-version=2024-01-01 HTTP/1.1
      Host: ${host}
      Accept: application/json
      User-Agent: Scuba
      Authorization: ${BASIC}
      Content-Type: application/x-www-form-urlencoded; charset=utf-8
      Transfer-Encoding: chunked

      1d\r
      grant_type=client_credentials\r
      0\r
      \r

    `),
  );
});

test.for([
  ["Basic", `Authorization: ${BASIC}`, ""],
  ["post", "Accept: application/json", `&client_id=${clientId}&client_secret=${clientSecret}`],
] as const)("MCP clients: %s, with the resource that the token is for (RFC 8707)", async ([, header, credentials]) => {
  expectToken(
    await replay(`
      POST /oauth/token HTTP/1.1
      host: ${host}
      connection: keep-alive
      content-type: application/x-www-form-urlencoded
      ${header}
      accept-language: *
      sec-fetch-mode: cors
      user-agent: node
      accept-encoding: gzip, deflate
      content-length: <length>

      grant_type=client_credentials${credentials}&resource=https%3A%2F%2Fapi.socmate.example%2Fmcp
    `),
  );
});

test("the Python of the documentation: post by httpx", async () => {
  expectToken(
    await replay(`
      POST /oauth/token HTTP/1.1
      Host: ${host}
      Accept: */*
      Accept-Encoding: gzip, deflate
      Connection: keep-alive
      User-Agent: python-httpx/0.23.3
      Content-Length: <length>
      Content-Type: application/x-www-form-urlencoded

      grant_type=client_credentials&client_id=${clientId}&client_secret=${clientSecret}
    `),
  );
});
