import { once } from "node:events";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { decodeJwt } from "jose";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { startService } from "../../local/host/service.ts";
import { oauthError, problem } from "../support/answers.ts";
import { buildCrashingApp } from "../support/crashing-app.ts";
import { type Answer, bodyOf, send } from "../support/http.ts";
import { ALL_SCOPES, basic, postForm, startTestService } from "../support/test-service.ts";

const { stack, url, createClient, requestToken } = await startTestService();
const client = await createClient();
const tokenResponse = z.strictObject({
  access_token: z.string(),
  expires_in: z.int(),
  token_type: z.literal("Bearer"),
  scope: z.string(),
});

test("[check 17] [check 18] RFC 6749 §5.1, §4.4.3: answers with exactly the four members, in the order of the documentation, and forbids caching", async () => {
  const answer = await requestToken(client);
  const body = tokenResponse.parse(bodyOf(answer));
  expect(Object.keys(body)).toEqual(["access_token", "expires_in", "token_type", "scope"]);
  expect(answer).toEqual({
    status: 200,
    headers: { "content-type": "application/json", "cache-control": "no-store", pragma: "no-cache" },
    text: JSON.stringify(body),
  });
  expect(body.scope).toBe(ALL_SCOPES.join(" "));
});

test("[check 17] RFC 6749 §5.1: expires_in is the rest of the token's life, by default 30 minutes", async () => {
  const { access_token: accessToken, expires_in: expiresIn } = tokenResponse.parse(bodyOf(await requestToken(client)));
  const { exp = 0, iat = 0 } = decodeJwt(accessToken);
  expect(expiresIn).toBe(1800);
  expect(exp - iat).toBe(expiresIn);
});

test("[check 17] keeps a token with every scope under 1.5 KB, so that no header is too large for a caller", async () => {
  const longest = await createClient({ name: "n".repeat(100) });
  const { access_token: accessToken } = tokenResponse.parse(bodyOf(await requestToken(longest)));
  expect(accessToken.length).toBeLessThan(1500);
});

/** One request for each way in which the token endpoint refuses. */
const refusals: Record<string, () => Promise<Answer>> = {
  "a wrong method": () => send(`${url}/oauth/token`),
  "a wrong media type": () => send(`${url}/oauth/token`, { method: "POST", body: "{}" }),
  "a parameter in the URL": () => send(`${url}/oauth/token?client_secret=x`, { method: "POST" }),
  "malformed percent-encoding": () => postForm(url, "scope=%"),
  "malformed UTF-8": () => postForm(url, "\ud800"),
  "a repeated parameter": () => postForm(url, "scope=a&scope=b"),
  "a body too large": () => postForm(url, "x".repeat(9000)),
  "no grant": () => postForm(url, ""),
  "another grant": () => postForm(url, { grant_type: "password" }),
  "no credentials": () => postForm(url, { grant_type: "client_credentials" }),
  "malformed Basic": () => postForm(url, { grant_type: "client_credentials" }, { authorization: "Basic ?" }),
  "two methods": () => requestToken(client, { client_assertion: "x" }),
  "a wrong secret": () => requestToken({ ...client, clientSecret: "wrong" }),
  "a wrong scope": () => requestToken(client, { scope: "wrong" }),
};

test.for(Object.entries(refusals))(
  "[check 18] [check 20] [check 21] RFC 6749 §5.1, §5.2: answers %s with JSON that must not be cached",
  async ([, refuse]) => {
    const { status, headers, text } = await refuse();
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
    expect(headers).toMatchObject({
      "content-type": "application/json",
      "cache-control": "no-store",
      pragma: "no-cache",
    });
    const body = z.strictObject({ error: z.string(), error_description: z.string() }).parse(JSON.parse(text));
    expect(["invalid_request", "invalid_client", "invalid_scope", "unsupported_grant_type"]).toContain(body.error);
    expect(body.error_description).toMatch(/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/);
    // Shuffle takes a body with both words for a hint to send the scope as audience.
    expect(text).not.toContain("audience");
    // curl takes the name of a scheme after a comma for another challenge, even in a quoted-string (lib/http.c, Curl_http_input_auth).
    expect(body.error_description).not.toMatch(/, *(Basic|Bearer|Digest|Negotiate|NTLM)\b/i);
  },
);

test("[check 20] RFC 6749 §5.2: echoes no input in any member of an error, but a refused scope to its client", async () => {
  const canary = "Canary-Of-Input";
  const answers = [
    await postForm(url, { grant_type: canary }),
    await postForm(url, { grant_type: "client_credentials", client_id: canary, client_secret: canary }),
    await postForm(url, { grant_type: "client_credentials" }, { authorization: basic(canary, canary) }),
    await postForm(url, { grant_type: "client_credentials" }, { authorization: canary }),
    await postForm(url, `${canary}=%`),
    await postForm(url, "", { "content-type": canary }),
    await requestToken({ ...client, clientId: "socmate-nobody-abc123" }, { scope: canary }),
    await send(`${url}/oauth/token?client_id=${canary}`, { method: "POST" }),
  ];
  for (const answer of answers) {
    expect(answer.status).toBeLessThan(500);
    expect(JSON.stringify(answer)).not.toContain(canary);
  }
});

const UNAVAILABLE =
  "The service cannot answer right now. Nothing is wrong with the request: try again after the time in Retry-After.";

test("[check 21] RFC 9110 §10.2.3: answers with 503, JSON and Retry-After while a store cannot be reached", async () => {
  const service = await startService(stack, { port: 0, env: { TABLES_URL: "https://127.0.0.1:1/devstoreaccount1" } });
  onTestFinished(() => service.stop());
  const form = {
    grant_type: "client_credentials",
    client_id: client.clientId,
    client_secret: client.clientSecret,
  };
  expect(await postForm(service.url, form)).toEqual(
    oauthError(503, "temporarily_unavailable", UNAVAILABLE, { "retry-after": "2" }),
  );
  const headers = { authorization: `Bearer ${stack.adminToken()}` };
  expect(await send(`${service.url}/api/admin/api-clients`, { headers })).toEqual(
    problem(503, "The service cannot answer right now: try again after the time in Retry-After.", undefined, {
      "retry-after": "2",
    }),
  );
});

test("[check 21] RFC 6585 §4: answers with 503 and the Retry-After of a store that throttles", async () => {
  const throttled = createServer(stack.certificate, (_request, response) => {
    response.writeHead(429, { "retry-after": "17" }).end();
  }).listen(0, "127.0.0.1");
  await once(throttled, "listening");
  const { port } = throttled.address() as AddressInfo;
  const service = await startService(stack, { port: 0, env: { TABLES_URL: `https://127.0.0.1:${port}/x` } });
  onTestFinished(async () => {
    await service.stop();
    throttled.close().closeAllConnections();
  });
  const form = {
    grant_type: "client_credentials",
    client_id: client.clientId,
    client_secret: client.clientSecret,
  };
  expect(await postForm(service.url, form)).toEqual(
    oauthError(503, "temporarily_unavailable", UNAVAILABLE, { "retry-after": "17" }),
  );
});

test("[check 73] tells a client over its allowance what to change, and answers other clients", async () => {
  const service = await startService(stack, { port: 0, env: { TOKEN_REUSE_BURST: "1" } });
  onTestFinished(() => service.stop());
  const credentials = {
    grant_type: "client_credentials",
    client_id: client.clientId,
    client_secret: client.clientSecret,
  };
  const scopes = ALL_SCOPES.flatMap((one) => ALL_SCOPES.map((other) => [...new Set([one, other])].join(" ")));
  const answers = await Promise.all(scopes.map((scope) => postForm(service.url, { ...credentials, scope })));
  expect(answers).toContainEqual(
    oauthError(
      503,
      "temporarily_unavailable",
      "This client requests new tokens too fast. Use a token until shortly before it expires, and request all scopes in one token. Try again after the time in Retry-After.",
      { "retry-after": "1" },
    ),
  );
  const other = await createClient();
  const form = { ...credentials, client_id: other.clientId, client_secret: other.clientSecret };
  expect(await postForm(service.url, form)).toMatchObject({ status: 200 });
});

test("[check 21] RFC 9110 §15.6.1: answers an unforeseen failure with 500 and JSON", async () => {
  const service = await startService(stack, { port: 0, bundle: await buildCrashingApp() });
  onTestFinished(() => service.stop());
  const failed = "The service failed. Nothing is wrong with the request.";
  expect(await postForm(service.url, "")).toEqual(oauthError(500, "server_error", failed));
  expect(await send(`${service.url}/api/admin/api-clients`, { method: "POST" })).toEqual(problem(500, failed));
});

test("RFC 6749 §5.2: links each error to its section of the documentation where an operator has set DOCUMENTATION_URL", async () => {
  const documentation = "https://docs.socmate.example/errors";
  const service = await startService(stack, { port: 0, env: { DOCUMENTATION_URL: documentation } });
  onTestFinished(() => service.stop());
  const { status, headers, text } = await postForm(service.url, { grant_type: "client_credentials" });
  const body = z.strictObject({ error: z.string(), error_description: z.string(), error_uri: z.string() });
  const { error_description: description, ...rest } = body.parse(JSON.parse(text));
  const link = `${documentation}#invalid_client`;
  expect({ status, ...rest }).toEqual({ status: 401, error: "invalid_client", error_uri: link });
  expect(headers["www-authenticate"]).toBe(
    `Basic realm="socmate", error="invalid_client", error_description="${description}", error_uri="${link}"`,
  );
  expect(bodyOf(await postForm(service.url, { grant_type: "password" }))).toMatchObject({
    error_uri: `${documentation}#unsupported_grant_type`,
  });
});
