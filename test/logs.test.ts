import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { TableClient } from "@azure/data-tables";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { trustCertificate } from "../local/azure/certificate.ts";
import { type ServiceOptions, startService } from "../local/host/service.ts";
import { buildCrashingApp } from "./support/crashing-app.ts";
import { type Answer, bodyOf, send } from "./support/http.ts";
import { logOf } from "./support/log.ts";
import { openConnection, rawRequest } from "./support/raw-http.ts";
import { basic, postForm, startTestService, type TestClient } from "./support/test-service.ts";

const { stack, admin, createClient } = await startTestService();
const ADMIN_ID = "10ca1000-0000-4000-8000-00000000000a";
const CLIENTS = "/api/admin/api-clients";
const FORM = { "content-type": "application/x-www-form-urlencoded" };

/** Runs an instance of the service while `act` talks to it, and returns all that it wrote until its end. */
async function logDuring(act: (url: string) => Promise<void>, options: ServiceOptions = {}): Promise<string[]> {
  const service = await startService(stack, { port: 0, ...options });
  await act(service.url).finally(() => service.stop());
  return logOf(service);
}

const asAdmin = (url: string, method: string, path = "", body?: string): Promise<Answer> =>
  send(`${url}${CLIENTS}${path}`, {
    method,
    headers: { authorization: `Bearer ${stack.adminToken()}`, "content-type": "application/json" },
    ...(body !== undefined && { body }),
  });

/** Sends a text in every place where a request to the token endpoint can have one. */
async function sendEverywhereToToken(
  url: string,
  canary: string,
  { clientId, clientSecret }: TestClient,
): Promise<Answer[]> {
  const form = { grant_type: "client_credentials", client_id: clientId, client_secret: clientSecret };
  const encoded = encodeURIComponent(canary);
  const targets = [
    `/oauth/token?${encoded}`,
    `/oauth/token?client_secret=${encoded}`,
    `/oauth/token/${encoded}`,
    `/${encoded}`,
  ];
  const names = [
    "x-canary",
    "cookie",
    "user-agent",
    "referer",
    "traceparent",
    "x-forwarded-for",
    "x-ms-client-principal",
  ];
  const answers = [
    ...[...Object.keys(form), "scope", "client_assertion", "unknown"].map((name) =>
      postForm(url, { ...form, [name]: canary }),
    ),
    postForm(url, { ...form, [canary]: "x" }),
    postForm(url, `${encoded}=%zz`),
    postForm(url, `scope=${encoded}&scope=${encoded}`),
    postForm(url, canary.repeat(400)),
    postForm(url, canary),
    postForm(url, JSON.stringify({ client_secret: canary }), { "content-type": "application/json" }),
    postForm(url, form, { "content-type": canary }),
    ...[canary, `Bearer ${canary}`, `Basic ${canary}`, basic(clientId, canary), basic(canary, canary)].map(
      (authorization) => postForm(url, { grant_type: "client_credentials" }, { authorization }),
    ),
    ...targets.map((target) => send(url + target, { method: "POST", headers: FORM, body: new URLSearchParams(form) })),
    ...names.map((name) => postForm(url, form, { [name]: canary })),
    send(`${url}/oauth/token`, { method: "PUT", headers: FORM, body: canary }),
  ];
  await breakOff(url, `/oauth/token?${encoded}`, canary);
  return Promise.all(answers);
}

/** Sends a text in every place where a request to the admin API can have one, with a right admin token and with wrong ones. */
async function sendEverywhereToAdmin(url: string, canary: string): Promise<Answer[]> {
  const encoded = encodeURIComponent(canary);
  const { adminIssuer, adminToken } = stack;
  const claims = { iss: canary, sub: canary, roles: [canary] };
  const wrongTokens = [
    canary,
    adminToken({ iss: canary }),
    adminToken({ aud: canary }),
    adminToken({ oid: `${canary}\n`, sub: `${canary}\n` }),
    adminToken({ roles: [canary] }),
    adminIssuer.sign({ alg: "RS256", kid: canary }, claims),
    adminIssuer.sign({ alg: canary, kid: canary }, claims),
    adminIssuer.sign({ alg: "RS256", kid: adminIssuer.kid, crit: [canary] }, claims),
  ];
  const bodies = [
    canary,
    JSON.stringify(canary),
    `{"name":"${canary}`,
    JSON.stringify({ name: `${canary}\n`, scopes: ["search:read"] }),
    JSON.stringify({ name: canary, scopes: [canary] }),
    JSON.stringify({ name: { [canary]: canary }, description: [canary], scopes: canary }),
    JSON.stringify({ [canary]: canary, name: 1 }),
  ];
  const answers = [
    ...wrongTokens.map((token) => send(url + CLIENTS, { headers: { authorization: `Bearer ${token}` } })),
    ...bodies.map((body) => asAdmin(url, "POST", "", body)),
    ...["search", "status", "limit", "offset", canary].map((name) =>
      asAdmin(url, "GET", `?${new URLSearchParams({ [name]: canary })}`),
    ),
    ...["GET", "DELETE"].map((method) => asAdmin(url, method, `/${encoded}`)),
    asAdmin(url, "POST", `/${encoded}/regenerate-secret`),
    ...["/.well-known/jwks.json", "/health"].map((path) =>
      send(`${url}${path}?${encoded}`, { headers: { "x-canary": encoded } }),
    ),
  ];
  await breakOff(url, `${CLIENTS}?${encoded}`, canary);
  return Promise.all(answers);
}

/** Ends the connection in the middle of a body. */
async function breakOff(url: string, target: string, canary: string): Promise<void> {
  await using connection = await openConnection(url);
  connection.socket.write(
    rawRequest(`
      POST ${target} HTTP/1.1
      Host: ${new URL(url).host}
      Authorization: Bearer ${stack.adminToken()}
      Content-Type: application/x-www-form-urlencoded
      Content-Length: 1000

      client_secret=${encodeURIComponent(canary)}
    `),
  );
  await new Promise((resolve) => setTimeout(resolve, 50));
}

/** The texts that have any of the secrets in them. */
/** Removes the name of a new client, which is logged as lists show it. */
const withoutName = (lines: readonly string[]) => lines.map((line) => line.replace(`"name":"${canary}"`, ""));

const leaks = (texts: readonly string[], secrets: readonly string[]) =>
  texts.filter((text) => secrets.some((secret) => text.includes(secret)));

const canary = `Canary_${randomBytes(12).toString("base64url")}`;

test("[check 59] writes no secret, secret hash or token into the log at debug level, and no secret into an error, wherever it was sent", async () => {
  const client = await createClient();
  const replaced = await createClient();
  await admin("POST", `/${replaced.clientId}/regenerate-secret`);
  const secrets = [canary, client.clientSecret, replaced.clientSecret];
  const answers: Answer[] = [];
  const lines = await logDuring(
    async (url) => {
      for (const secret of secrets) {
        answers.push(...(await sendEverywhereToToken(url, secret, client)));
        answers.push(...(await sendEverywhereToAdmin(url, secret)));
      }
      const created = bodyOf(await asAdmin(url, "POST", "", JSON.stringify({ name: "Test", scopes: ["search:read"] })));
      secrets.push(z.object({ client_secret: z.string() }).parse(created).client_secret);
    },
    { env: { AZURE_LOG_LEVEL: "verbose" } },
  );
  expect(lines.some((line) => line.startsWith("azure:core-rest-pipeline:info"))).toBe(true);

  const tokens = answers
    .filter(({ status }) => status === 200)
    .flatMap(({ text }) => /"access_token":"([^"]+)/.exec(text)?.[1] ?? []);
  expect(tokens.length).toBeGreaterThan(0);
  const [adminHeader = ""] = stack.adminToken().split(".");
  // The name of a caller's software is logged, unless it has a client secret in it.
  const named = `"user_agent":"${canary}"`;
  expect(lines.filter((line) => line.includes(named))).toHaveLength(1);
  const others = withoutName(lines).map((line) => line.replace(named, ""));
  expect(leaks(others, [...secrets, ...tokens, adminHeader, "v1:"])).toEqual([]);

  const refusals = answers.filter(({ status }) => status >= 400);
  expect(refusals.length).toBeGreaterThan(100);
  const texts = refusals.map((answer) => JSON.stringify(answer));
  expect(leaks(texts, secrets.slice(1))).toEqual([]);
  // A wrong scope is named to the client or administrator who sent it, and an unknown member; a client secret never.
  const unquoted = refusals.map(({ text, ...rest }) => {
    const { errors = [], ...body } = text ? JSON.parse(text) : {};
    if (body.error === "invalid_scope") body.error_description = "";
    const others = errors.filter(({ field }: { field: string }) => field !== "scopes" && field !== canary);
    return JSON.stringify([rest, body, others]);
  });
  expect(leaks(unquoted, [canary])).toEqual([]);
});

test("[check 59] writes no secret into the log or an answer when an endpoint crashes with it", async () => {
  const { clientSecret } = await createClient();
  const answers: Answer[] = [];
  const lines = await logDuring(
    async (url) => {
      for (const path of ["/oauth/token", CLIENTS, "/health"]) {
        for (const fault of ["text", "trace", "cause", "aggregate", "rejection", "syntax"]) {
          const headers = { authorization: `Bearer ${clientSecret}` };
          const target = `${url}${path}?as=${fault}&secret=${clientSecret}`;
          answers.push(await send(target, { method: "POST", headers, body: clientSecret }));
        }
      }
    },
    { bundle: await buildCrashingApp() },
  );
  expect(answers.map(({ status }) => status)).toEqual(Array(18).fill(500));
  for (const { text } of answers) expect(text).toMatch(/"error":"server_error"|"title":"Internal Server Error"/);
  expect(leaks([...lines, ...answers.map((answer) => JSON.stringify(answer))], [clientSecret])).toEqual([]);
  expect(lines.filter((line) => line.includes('"status":500'))).toHaveLength(18);
});

test("[check 59] writes no secret into the log or an answer when a store repeats in its error what it was sent", async () => {
  const echo = createServer(stack.certificate, async (request, response) => {
    const body = await Array.fromAsync(request as AsyncIterable<Buffer>, String);
    response.writeHead(500, { "content-type": "application/json" });
    response.end(JSON.stringify({ error: { code: "Echo", message: [request.url, request.rawHeaders, body].join() } }));
  }).listen(0, "127.0.0.1");
  await once(echo, "listening");
  onTestFinished(() => echo.close().closeAllConnections());
  const echoUrl = `https://127.0.0.1:${(echo.address() as AddressInfo).port}`;

  const client = await createClient();
  const answers: Answer[] = [];
  const identityToken = stack.identity.token("https://vault.azure.net").slice(0, 60);
  for (const setting of ["TABLES_URL", "SECRETS_VAULT_URL", "SIGNING_VAULT_URLS"]) {
    const lines = await logDuring(
      async (url) => {
        answers.push(
          await postForm(url, {
            grant_type: "client_credentials",
            client_id: client.clientId,
            client_secret: client.clientSecret,
          }),
        );
        answers.push(await asAdmin(url, "POST", `/${client.clientId}/regenerate-secret`));
        answers.push(
          await asAdmin(
            url,
            "POST",
            "",
            JSON.stringify({ name: canary, description: canary, scopes: ["search:read"] }),
          ),
        );
      },
      { env: { [setting]: echoUrl, AZURE_LOG_LEVEL: "verbose" } },
    );
    expect(leaks(withoutName(lines), [canary, client.clientSecret, identityToken, "v1:"])).toEqual([]);
  }
  const failures = answers.filter(({ status }) => status === 503).map(({ text }) => text);
  expect(failures.length).toBeGreaterThanOrEqual(5);
  expect(leaks(failures, [canary, client.clientSecret, "v1:", "Echo"])).toEqual([]);
});

const REQUEST_ID = expect.stringMatching(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/);
const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const parsed = (lines: readonly string[]) => lines.map((line) => JSON.parse(line) as Record<string, unknown>);
const success = (fields: object) => ({
  time: TIME,
  level: "info",
  request_id: REQUEST_ID,
  address: "127.0.0.1",
  user_agent: "node",
  outcome: "success",
  ...fields,
});
const refused = (fields: object) => ({
  time: TIME,
  level: "warn",
  request_id: REQUEST_ID,
  address: "127.0.0.1",
  user_agent: "node",
  outcome: "refused",
  ...fields,
});

test("[check 60] logs one line for each token, change and refusal, with actor, client and reason", async () => {
  const client = await createClient();
  const { clientId } = client;
  const disabled = await createClient();
  await admin("DELETE", `/${disabled.clientId}`);
  const post = (url: string, form: Record<string, string>) =>
    postForm(url, {
      grant_type: "client_credentials",
      client_id: clientId,
      client_secret: client.clientSecret,
      ...form,
    });
  const withToken = (url: string, token: string) =>
    send(url + CLIENTS, { headers: { authorization: `Bearer ${token}` } });

  let created: unknown;
  const lines = await logDuring(async (url) => {
    created = bodyOf(await asAdmin(url, "POST", "", JSON.stringify({ name: "Test", scopes: ["search:read"] })));
    await post(url, { scope: "search:read" });
    await post(url, { client_secret: disabled.clientSecret });
    await post(url, { client_id: disabled.clientId, client_secret: disabled.clientSecret });
    await post(url, { client_id: "socmate-nobody-abc123" });
    await post(url, { client_id: "Nobody" });
    await post(url, { scope: "everything" });
    await post(url, { grant_type: "password" });
    await postForm(url, "client_secret=%");
    await send(`${url}/oauth/token`);
    await asAdmin(url, "POST", `/${clientId}/regenerate-secret`);
    await asAdmin(url, "DELETE", `/${clientId}`);
    await asAdmin(url, "DELETE", `/${clientId}`);
    await asAdmin(url, "POST", `/${clientId}/regenerate-secret`);
    await asAdmin(url, "GET", `/${clientId}`);
    await asAdmin(url, "GET", "/socmate-nobody-abc123");
    await asAdmin(url, "GET", "?limit=many");
    await asAdmin(url, "POST", "", "{}");
    await send(url + CLIENTS);
    await withToken(url, stack.adminToken({ roles: [] }));
    await withToken(url, stack.adminToken({ exp: 1 }));
  });

  const nobody = "socmate-nobody-abc123";
  const newClient = z.object({ client_id: z.string() }).parse(created);
  // What goes to the error stream comes over another pipe, so the order is that within each kind.
  const byOutcome = Map.groupBy(parsed(lines), ({ outcome }) => outcome);
  expect(byOutcome.get("success")).toEqual([
    // The body is JSON, so the address could be forged.
    success({
      event: "create",
      address: undefined,
      actor: ADMIN_ID,
      client_id: newClient.client_id,
      scope: "search:read",
      name: "Test",
      status: 201,
    }),
    success({
      event: "token",
      actor: clientId,
      client_id: clientId,
      jti: expect.any(String),
      scope: "search:read",
      status: 200,
    }),
    success({ event: "regenerate", actor: ADMIN_ID, client_id: clientId, status: 200 }),
    success({ event: "disable", actor: ADMIN_ID, client_id: clientId, status: 200 }),
    success({ event: "get", actor: ADMIN_ID, client_id: clientId, status: 200 }),
  ]);
  expect(byOutcome.get("unchanged")).toEqual([
    { ...success({ event: "disable", actor: ADMIN_ID, client_id: clientId, status: 200 }), outcome: "unchanged" },
  ]);
  expect(byOutcome.get("refused")).toEqual([
    refused({ event: "token", client_id: clientId, status: 401, reason: "wrong_secret" }),
    refused({
      event: "token",
      client_id: disabled.clientId,
      status: 401,
      reason: "disabled_client_known_secret",
      note: "not replaced",
    }),
    refused({ event: "token", client_id: nobody, status: 401, reason: "unknown_client" }),
    refused({ event: "token", status: 401, reason: "malformed_client_id" }),
    refused({
      event: "token",
      actor: clientId,
      client_id: clientId,
      status: 400,
      reason: "scope_not_granted",
    }),
    refused({ event: "token", status: 400, reason: "unsupported_grant_type" }),
    refused({ event: "token", status: 400, reason: "malformed_body", note: "percent-encoding" }),
    refused({ event: "token", status: 405, reason: "method_not_allowed" }),
    refused({
      event: "regenerate",
      actor: ADMIN_ID,
      client_id: clientId,
      status: 409,
      reason: "disabled_client",
    }),
    refused({ event: "get", actor: ADMIN_ID, client_id: nobody, status: 404, reason: "unknown_client" }),
    refused({ event: "list", actor: ADMIN_ID, status: 400, reason: "invalid_query" }),
    refused({ event: "create", address: undefined, actor: ADMIN_ID, status: 400, reason: "invalid_body" }),
    refused({ event: "list", status: 401, reason: "no_admin_token" }),
    refused({ event: "list", actor: ADMIN_ID, status: 403, reason: "admin_role_missing" }),
    refused({ event: "list", status: 401, reason: "invalid_admin_token", note: "exp" }),
  ]);
  expect(byOutcome.get(undefined)).toMatchObject([
    { level: "error", event: "token", client_id: disabled.clientId, alarm: "disabled_client_secret" },
  ]);
  expect(lines).toHaveLength(22);
});

const OWN = "198.51.100.1";

/** Sends requests whose callers name another address than theirs, in every way there is. */
async function forgeAddress(url: string, key: Record<string, string> = {}): Promise<void> {
  const headers = {
    ...key,
    "x-forwarded-for": OWN,
    "x-azure-clientip": OWN,
    "x-real-ip": OWN,
    "client-ip": OWN,
    forwarded: `for=${OWN}`,
  };
  const forged = JSON.stringify({ Headers: { "x-forwarded-for": OWN, "content-type": "text/plain" }, Query: {} });
  const form = "grant_type=client_credentials";
  await postForm(url, form, headers);
  await send(`${url}${CLIENTS}`, { headers });
  await send(`${url}/oauth/token?Headers=${OWN}`, { headers });
  for (const type of ["application/json", "text/plain", "application/x-www-form-urlencoded"]) {
    await postForm(url, forged, { ...headers, "content-type": type });
  }
}

test("logs the address that the platform has appended, and none that a caller can write", async () => {
  const lines = await logDuring((url) => forgeAddress(url, { "x-azure-socketip": OWN }));
  expect(lines.filter((line) => line.includes(OWN))).toEqual([]);
  expect(parsed(lines).map(({ event, address }) => [event, address])).toEqual([
    ["token", "127.0.0.1"],
    ["list", "127.0.0.1"],
    ["token", undefined],
    ["token", undefined],
    ["token", undefined],
    ["token", undefined],
  ]);
});

test("logs the address that the gateway names where CALLER_ADDRESS says so", async () => {
  const lines = await logDuring((url) => forgeAddress(url, { "x-azure-socketip": OWN }), {
    env: { CALLER_ADDRESS: "X-Azure-SocketIP" },
  });
  expect(lines.filter((line) => line.includes(OWN))).toEqual([]);
  expect(parsed(lines).map(({ address }) => address)).toEqual(Array(6).fill("127.0.0.1"));
});

test("[check 60] logs a fault of the service as failed, not as refused", async () => {
  const client = await createClient();
  const lines = await logDuring(
    async (url) => {
      await postForm(url, {
        grant_type: "client_credentials",
        client_id: client.clientId,
        client_secret: client.clientSecret,
      });
    },
    { env: { TABLES_URL: "https://127.0.0.1:1/devstoreaccount1" } },
  );
  expect(parsed(lines)).toContainEqual({
    time: TIME,
    level: "error",
    request_id: REQUEST_ID,
    event: "token",
    address: "127.0.0.1",
    user_agent: "node",
    client_id: client.clientId,
    outcome: "failed",
    status: 503,
    reason: "azure_unavailable",
    note: expect.stringMatching(/^table get: /),
  });
});

test("[check 60] logs one line of JSON for a request, whatever line breaks the request has in it", async () => {
  const breaks = ["\r\n", "\n", "\r", "\u2028", "\u2029", "\u0085", "\v", "\f", "\0"];
  let requests = 0;
  const lines = await logDuring(async (url) => {
    for (const lineBreak of breaks) {
      const text = `x${lineBreak}{"outcome":"success","actor":"forged"}`;
      const answers = await Promise.all([
        postForm(url, { grant_type: text }),
        postForm(url, { grant_type: "client_credentials", client_id: text, client_secret: text, scope: text }),
        postForm(url, { grant_type: "client_credentials" }, { authorization: basic(text, text) }),
        asAdmin(url, "POST", "", JSON.stringify({ name: text, description: text, scopes: [text], [text]: text })),
        asAdmin(url, "GET", `?${new URLSearchParams({ search: text, status: text, limit: text, [text]: text })}`),
        send(url + CLIENTS, { headers: { authorization: `Bearer ${stack.adminToken({ oid: text, sub: text })}` } }),
        // A path with NUL is refused by the platform.
        ...(lineBreak === "\0" ? [] : [asAdmin(url, "GET", `/${encodeURIComponent(text)}`)]),
      ]);
      requests += answers.length;
      for (const { status } of answers) expect([400, 401, 404]).toContain(status);
    }
  });
  expect(lines).toHaveLength(requests);
  for (const line of parsed(lines)) {
    expect(line).toMatchObject({ time: TIME, request_id: REQUEST_ID, outcome: "refused" });
    expect(line.actor).not.toBe("forged");
  }
  expect(lines.filter((line) => /forged|[\p{Cc}\p{Zl}\p{Zp}]/u.test(line))).toEqual([]);
});

// The last test of the file, after all others have made clients, tokens and changes.
test("[check 59] stores no secret, secret hash or token in any row, history among them", async () => {
  trustCertificate(stack.certificate);
  const token = stack.identity.token("https://storage.azure.com");
  const getToken = async () => ({ token, expiresOnTimestamp: Date.now() + 3_600_000 });
  const rows: string[] = [];
  for (const name of ["apiclients", "apiclientusage"]) {
    const table = new TableClient(stack.settings.TABLES_URL, name, { getToken });
    for await (const row of table.listEntities()) rows.push(JSON.stringify({ ...row, table: name }));
  }
  for (const kind of ['"action":"create"', '"action":"regenerate"', '"action":"disable"', '"secretHint"', "usage"]) {
    expect(
      rows.filter((row) => row.includes(kind)),
      kind,
    ).not.toEqual([]);
  }
  // Of a secret the tables have the hint: 8 digits after the prefix, without it.
  expect(rows.filter((row) => /socmate_|v1:|eyJ/.test(row))).toEqual([]);
});
