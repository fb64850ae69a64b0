import { randomUUID } from "node:crypto";
import { afterAll, expect, test, vi } from "vitest";
import { startService } from "../../local/host/service.ts";
import { type Answer, sendAsIs, withoutRequestId } from "../support/http.ts";
import { startTestService } from "../support/test-service.ts";

const { url, service, stack, createClient } = await startTestService();
const { clientId, clientSecret } = await createClient();
const CLIENTS = "/api/admin/api-clients";
const form = (secret: string) =>
  new URLSearchParams({ grant_type: "client_credentials", client_id: clientId, client_secret: secret });
const WRONG = form((await createClient()).clientSecret);
const REQUEST_ID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

/** An instance whose table cannot be reached. */
const cutOff = await startService(stack, { port: 0, env: { TABLES_URL: "https://127.0.0.1:1" } });

afterAll(() => cutOff.stop());

const ask = (path: string, init: RequestInit = {}, base = url): Promise<Answer> =>
  sendAsIs(base + path, { ...init, headers: { authorization: `Bearer ${stack.adminToken()}`, ...init.headers } });
const askToken = (body: URLSearchParams, headers: Record<string, string> = {}, base = url): Promise<Answer> =>
  sendAsIs(`${base}/oauth/token`, { method: "POST", body, headers });

test.for<[string, number, () => Promise<Answer>]>([
  ["a token", 200, () => askToken(form(clientSecret))],
  ["a refusal of a client", 401, () => askToken(WRONG)],
  ["a fault of a store", 503, () => askToken(form(clientSecret), {}, cutOff.url)],
  ["a method that a route does not have", 405, () => ask("/oauth/token")],
  ["the keys", 200, () => ask("/.well-known/jwks.json")],
  ["the keys by HEAD", 200, () => ask("/.well-known/jwks.json", { method: "HEAD" })],
  ["the metadata", 200, () => ask("/.well-known/oauth-authorization-server")],
  ["the OpenID configuration", 200, () => ask("/.well-known/openid-configuration")],
  ["the health", 200, () => ask("/health")],
  ["the health of a service without its table", 503, () => ask("/health", {}, cutOff.url)],
  ["a file of the page", 200, () => ask("/console/")],
  ["a file that the page does not have", 404, () => ask("/console/none.js")],
  ["a list of clients", 200, () => ask(CLIENTS)],
  ["a list by HEAD without a token", 401, () => ask(CLIENTS, { method: "HEAD", headers: { authorization: "" } })],
  ["an unknown client", 404, () => ask(`${CLIENTS}/socmate-nobody-abc123`)],
  ["a body that is not sent as JSON", 415, () => ask(CLIENTS, { method: "POST", body: "{}" })],
  ["a fault of a store in the admin API", 503, () => ask(`${CLIENTS}/${clientId}`, {}, cutOff.url)],
])("[check 61] answers with an id that no other answer has: %s", async ([, status, send]) => {
  const answers = [await send(), await send()];
  const ids = answers.map(({ headers }) => headers["x-request-id"]);
  expect(answers.map((answer) => answer.status)).toEqual([status, status]);
  for (const id of ids) expect(id).toMatch(REQUEST_ID);
  expect(new Set(ids).size).toBe(2);
  expect(answers.map((answer) => withoutRequestId(answer).status)).toEqual([status, status]);
});

test("[check 61] puts the id at the end of an error of the token endpoint, in the body and in the challenge", async () => {
  const { headers, text } = await askToken(WRONG);
  const description = `The client is unknown or disabled, or its secret is wrong: check client_id and client_secret. (request ${headers["x-request-id"]})`;
  expect(text).toBe(JSON.stringify({ error: "invalid_client", error_description: description }));
  expect(headers["www-authenticate"]).toBe(
    `Basic realm="socmate", error="invalid_client", error_description="${description}"`,
  );
});

test("[check 61] RFC 9457 §3.1.5: puts the id into a problem as its instance", async () => {
  const { headers, text } = await ask(`${CLIENTS}/socmate-nobody-abc123`);
  expect(JSON.parse(text)).toEqual({
    type: "about:blank",
    title: "Not Found",
    status: 404,
    detail: expect.any(String),
    instance: `urn:uuid:${headers["x-request-id"]}`,
  });
});

test("[check 61] never answers with an id that the caller sent, whatever header it sent it in", async () => {
  const own = randomUUID();
  for (const name of ["x-request-id", "request-id", "x-correlation-id", "x-ms-request-id", "x-ms-client-request-id"]) {
    const { status, headers } = await askToken(form(clientSecret), { [name]: own });
    expect(status).toBe(200);
    expect(headers["x-request-id"], name).not.toBe(own);
    expect(headers["x-request-id"], name).toMatch(REQUEST_ID);
  }
  // The host takes this one for its own, so the request is refused.
  const { status, headers, text } = await askToken(form(clientSecret), { "x-ms-invocation-id": own });
  expect(status).toBe(400);
  expect(headers["x-request-id"]).toMatch(REQUEST_ID);
  expect(headers["x-request-id"] + text).not.toContain(own);
});

test("[check 60] [check 61] writes the id of the answer into the log line of the request", async () => {
  const { headers } = await askToken(WRONG);
  const line = await vi.waitFor(() => {
    const found = service.lines.find((each) => each.includes(headers["x-request-id"] ?? "-"));
    if (!found) throw new Error("no line yet");
    return found;
  });
  expect(JSON.parse(line)).toMatchObject({
    request_id: headers["x-request-id"],
    client_id: clientId,
    reason: "wrong_secret",
  });
});
