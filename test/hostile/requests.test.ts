import { decodeJwt } from "jose";
import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { oauthError, problem, REFUSED } from "../support/answers.ts";
import { type Answer, bodyOf, send } from "../support/http.ts";
import { requestOf, sendRaw } from "../support/raw-http.ts";
import { basic, postForm, startTestService } from "../support/test-service.ts";

// Well-formed requests that try to pass for another one by path, query, header or identity.

const { url, stack, service, admin, createClient, requestToken } = await startTestService();
const { host } = new URL(url);
const CLIENTS = "/api/admin/api-clients";
const victim = await createClient({ name: "Victim" });
const { clientId } = victim;

/** The victim still gets a token after every attack. */
afterEach(async () => {
  expect(await requestToken(victim)).toMatchObject({ status: 200 });
});

const UNKNOWN = problem(404, "There is no API client with this client_id.");
const NO_TOKEN = problem(401, "Send a valid admin token: Authorization: Bearer <admin token>.", undefined, {
  "www-authenticate": "Bearer",
});

/** Sends a request with an admin token. Its target is not normalized by a URL parser. */
function asAdmin(method: string, target: string, headers: readonly [string, string][] = []): Promise<Answer> {
  const token: [string, string] = ["Authorization", `Bearer ${stack.adminToken()}`];
  return sendRaw(url, requestOf({ method, target, headers: [token, ...headers], body: Buffer.alloc(0) }, host));
}

describe("a client_id in the path", () => {
  test.for([
    `${clientId}%20`,
    `%20${clientId}`,
    `${clientId}%0a`,
    `${clientId}%09`,
    `${clientId}.`,
    `${clientId};a=b`,
    `${clientId}%3fa=b`,
    `${clientId}%23`,
    `${clientId}%2523`,
    `${clientId}%2F`,
    `..%2F${clientId}`,
    `x%2F..%2F${clientId}`,
    `..%5c${clientId}`,
    `${clientId}%5c`,
    `${clientId}%27`,
    `${clientId}'%20or%201%20eq%201%20or%20PartitionKey%20eq%20'`,
    clientId.toUpperCase(),
    clientId.replace("s", "%EF%BD%93"),
    clientId.replace("-", "%E2%80%90"),
    `${clientId}%CC%81`,
    `${clientId}%E2%80%8B`,
    `${clientId}%ff`,
    "%2e%2e%2f%2e%2e",
    "..%2f",
    "%2F",
    "%252e%252e",
    "$metadata",
    "*",
    "%25",
    "__proto__",
    "constructor",
    "client",
    "a".repeat(7_000),
    "a-".repeat(40),
    "%F0%9F%9A%80",
  ])("a path with the client_id %.60s reaches no client", async (id) => {
    const answers = [
      await asAdmin("GET", `${CLIENTS}/${id}`),
      await asAdmin("DELETE", `${CLIENTS}/${id}`),
      await asAdmin("POST", `${CLIENTS}/${id}/regenerate-secret`),
    ];
    expect(answers).toEqual([UNKNOWN, UNKNOWN, UNKNOWN]);
  });

  test.for([
    `${CLIENTS}/${clientId}/x`,
    `${CLIENTS}//${clientId}`,
    `${CLIENTS}/${clientId}/../x`,
    `${CLIENTS}/${clientId}/regenerate-secret/x`,
    `//api/admin/api-clients/${clientId}`,
    `/admin/api-clients/${clientId}`,
    `/api/admin/api-clients%2F${clientId}`,
    "/admin/host/status",
    "/admin/functions",
    "/runtime/webhooks",
    "/.auth/me",
    "/dist/functions.cjs",
    "/.env",
  ])("a DELETE of the path %s has no effect", async (target) => {
    const { status } = await asAdmin("DELETE", target);
    expect(status).toBe(404);
  });

  test("paths that the platform normalizes reach the same client and need the same token", async () => {
    const detail = await asAdmin("GET", `${CLIENTS}/${clientId}`);
    expect(detail.status).toBe(200);
    const encoded = clientId.replace(/./g, (c) => `%${c.charCodeAt(0).toString(16)}`);
    for (const target of [
      `${CLIENTS}/${clientId}/`,
      `${CLIENTS.toUpperCase()}/${clientId}`,
      `${CLIENTS}/x/../${clientId}`,
      `${CLIENTS}/${encoded}`,
    ]) {
      expect(await asAdmin("GET", target)).toMatchObject({ status: 200 });
      expect(await send(url + target), "without a token").toEqual(NO_TOKEN);
    }
  });
});

describe("a query", () => {
  const refusal =
    "Remove the member of the body, or the parameter of the URL, that is named Headers, Query, or like a parameter of the path, and any header x-ms-invocation-id: Azure Functions would take it for its own.";

  test.for(["client_id", "Client_ID", "CLIENT_ID"])("refuses a second client_id in the query: %s", async (name) => {
    const other = await createClient();
    const answer = await asAdmin("DELETE", `${CLIENTS}/${other.clientId}?${name}=${clientId}`);
    expect(answer).toEqual(problem(400, refusal));
    expect(await asAdmin("GET", `${CLIENTS}/${other.clientId}`)).toMatchObject({
      text: expect.stringContaining('"status":"active"'),
    });
  });

  test.for(["client_id[]", "params", "route"])(
    "the query parameter %s does not select another client than the path",
    async (name) => {
      const other = await createClient();
      const answer = await asAdmin("DELETE", `${CLIENTS}/${other.clientId}?${name}=${clientId}`);
      expect(answer.status).toBe(400);
      expect(answer.text).not.toContain(clientId);
    },
  );

  // The host binds them, and the Functions library reads them as headers of the request, with credentials.
  test.for(["Headers", "headers", "HEADERS"])(
    "refuses the query parameter %s, which the platform reads as headers",
    async (name) => {
      const forged = (headers: object) => `${name}=${encodeURIComponent(JSON.stringify(headers))}`;
      const list = forged({ authorization: `Bearer ${stack.adminToken()}` });
      expect(await send(`${url}${CLIENTS}?${list}`)).toEqual(problem(400, refusal));
      const token = forged({
        authorization: basic(clientId, victim.clientSecret),
        "content-type": "application/x-www-form-urlencoded",
      });
      const body = "grant_type=client_credentials";
      expect(await send(`${url}/oauth/token?${token}`, { method: "POST", body })).toEqual(
        oauthError(400, "invalid_request", refusal),
      );
      expect(await send(`${url}/health?${name}=x`)).toEqual(problem(400, refusal));
    },
  );

  test.for(["req", "$request", "sys", "code", "x-functions-key", "__proto__[x]", "constructor"])(
    "the query parameter %s is refused, whatever the platform or a library may read in it",
    async (name) => {
      const { status } = await asAdmin("GET", `${CLIENTS}?${encodeURIComponent(name)}=%7B%7D&search=Victim`);
      expect(status).toBe(400);
    },
  );

  test("a repeated query parameter is refused", async () => {
    for (const query of ["limit=1&limit=2", "search=a&search=b", "status=active&status=disabled", "limit=1&limit=x"]) {
      expect((await asAdmin("GET", `${CLIENTS}?${query}`)).status).toBe(400);
    }
  });
});

describe("a header", () => {
  test.for(["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"])(
    "the header %s does not override the method",
    async (name) => {
      expect(await asAdmin("GET", `${CLIENTS}/${clientId}`, [[name, "DELETE"]])).toMatchObject({ status: 200 });
      expect(await asAdmin("POST", `${CLIENTS}/${clientId}?_method=DELETE`, [[name, "DELETE"]])).toMatchObject({
        status: 405,
      });
    },
  );

  test.for([
    "X-Original-URL",
    "X-Rewrite-URL",
    "X-Forwarded-Uri",
    "X-Forwarded-Path",
    "X-Forwarded-Prefix",
    "Forwarded",
  ])("the header %s does not override the path", async (name) => {
    const headers: [string, string][] = [[name, `${CLIENTS}/${clientId}`]];
    expect(await asAdmin("DELETE", `${CLIENTS}/socmate-nobody-abc123`, headers)).toEqual(UNKNOWN);
    expect(await asAdmin("DELETE", "/health", headers)).toMatchObject({ status: 405 });
  });

  test("metadata, tokens and answers name the configured issuer, not a forged host", async () => {
    const evil = "evil.example";
    const headers: [string, string][] = [
      ["X-Forwarded-Host", evil],
      ["X-Forwarded-Proto", "https"],
      ["X-Original-Host", evil],
      ["X-Forwarded-Server", evil],
      ["Forwarded", `host=${evil};proto=https`],
    ];
    const metadata = requestOf(
      { method: "GET", target: "/.well-known/oauth-authorization-server", headers, body: Buffer.alloc(0) },
      evil,
    );
    expect(bodyOf(await sendRaw(url, metadata))).toMatchObject({ issuer: url, token_endpoint: `${url}/oauth/token` });

    const body = Buffer.from(
      `grant_type=client_credentials&client_id=${clientId}&client_secret=${victim.clientSecret}`,
    );
    const form: [string, string] = ["Content-Type", "application/x-www-form-urlencoded"];
    const token = requestOf({ method: "POST", target: "/oauth/token", headers: [...headers, form], body }, evil);
    const { access_token: accessToken } = z
      .object({ access_token: z.string() })
      .parse(bodyOf(await sendRaw(url, token)));
    expect(decodeJwt(accessToken)).toMatchObject({ iss: url, aud: stack.settings.TOKEN_AUDIENCE });

    const creation = requestOf(
      {
        method: "POST",
        target: CLIENTS,
        headers: [...headers, ["Content-Type", "application/json"], ["Authorization", `Bearer ${stack.adminToken()}`]],
        body: Buffer.from(JSON.stringify({ name: "Test", scopes: ["search:read"] })),
      },
      evil,
    );
    const created = await sendRaw(url, creation);
    expect(created.status).toBe(201);
    expect(JSON.stringify(created)).not.toContain(evil);
  });

  // The host forwards this id in place of its own, so the request could reach the invocation of another request.
  test("refuses a header x-ms-invocation-id on every endpoint", async () => {
    const id = { "x-ms-invocation-id": "00000000-0000-4000-8000-000000000000" };
    const right = { authorization: basic(clientId, victim.clientSecret), ...id };
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => [
        postForm(url, { grant_type: "client_credentials" }, right),
        postForm(url, { grant_type: "password" }, id),
        send(`${url}${CLIENTS}`, { headers: { authorization: `Bearer ${stack.adminToken()}`, ...id } }),
        send(`${url}/health`, { headers: id }),
      ]).flat(),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(40).fill(400));
    expect(
      await postForm(url, { grant_type: "client_credentials" }, { authorization: right.authorization }),
    ).toMatchObject({ status: 200 });
  });

  test("grants no other origin the right to read an answer (CORS)", async () => {
    const origin = { origin: "https://evil.example", "access-control-request-method": "DELETE" };
    const answers = [
      await send(`${url}${CLIENTS}`, { headers: { ...origin, authorization: `Bearer ${stack.adminToken()}` } }),
      await send(`${url}${CLIENTS}/${clientId}`, { method: "OPTIONS", headers: origin }),
      await send(`${url}/oauth/token`, { method: "OPTIONS", headers: origin }),
      await send(`${url}/.well-known/jwks.json`, { headers: origin }),
    ];
    for (const { headers } of answers)
      expect(Object.keys(headers).filter((name) => /^access-control/.test(name))).toEqual([]);
  });

  test("headers that request HTML, a range or a cached answer change nothing", async () => {
    const headers = {
      accept: "text/html",
      "accept-encoding": "identity",
      range: "bytes=0-10",
      "if-none-match": "*",
      "if-modified-since": new Date().toUTCString(),
    };
    const plain = await send(`${url}/.well-known/jwks.json`);
    expect(await send(`${url}/.well-known/jwks.json`, { headers })).toEqual(plain);
  });
});

describe("an identity", () => {
  test.for<[string, string]>([
    ["a space after it", `${clientId} `],
    ["a tab before it", `\t${clientId}`],
    ["a line feed after it", `${clientId}\n`],
    ["NUL after it", `${clientId}\0`],
    ["upper case", clientId.toUpperCase()],
    ["a full-width letter", clientId.replace("s", "\uff53")],
    ["a zero-width space", `${clientId}\u200b`],
    ["a combining accent", `${clientId}\u0301`],
    ["a slash after it", `${clientId}/`],
    ["a quote after it", `${clientId}'`],
    ["OData", `${clientId}' or PartitionKey ne '`],
    ["a path to it", `../apiclients/${clientId}`],
    ["a list", `${clientId},${clientId}`],
    ["1 KB", "a-".repeat(512)],
    ["dots", ".."],
    ["an asterisk", "*"],
  ])("refuses a client_id with %s", async ([, id]) => {
    const refused = { status: 401, text: expect.stringContaining('"error":"invalid_client"') };
    expect(await requestToken({ ...victim, clientId: id })).toMatchObject(refused);
    expect(
      await postForm(url, { grant_type: "client_credentials" }, { authorization: basic(id, victim.clientSecret) }),
    ).toMatchObject(refused);
  });

  test.for([
    "client_id[]",
    "client_id[0]",
    "client_id.x",
    "Client_Id",
    "client_id ",
    "client%5Fid2",
    "\u200bclient_id",
  ])("does not read a client_id from the parameter %j", async (name) => {
    const answer = await postForm(url, {
      grant_type: "client_credentials",
      [name]: clientId,
      client_secret: victim.clientSecret,
    });
    expect(answer).toMatchObject({ status: 401, text: expect.stringContaining("Send client_id and client_secret") });
  });

  test("refuses a client_id with the secret of another client or with a stored hash", async () => {
    const other = await createClient();
    expect(await requestToken({ clientId, clientSecret: other.clientSecret })).toEqual(REFUSED);
    for (const clientSecret of [`v1:${"A".repeat(43)}`, `client-secret-${"0".repeat(32)}`]) {
      expect(await requestToken({ clientId, clientSecret })).toMatchObject({ status: 401 });
    }
  });

  test("refuses a disabled client during concurrent regenerates and disables", async () => {
    const gone = await createClient();
    await admin("DELETE", `/${gone.clientId}`);
    const tries = await Promise.all([
      admin("POST", `/${gone.clientId}/regenerate-secret`),
      admin("DELETE", `/${gone.clientId}`),
      ...Array.from({ length: 10 }, () => requestToken(gone)),
    ]);
    expect(tries.map(({ status }) => status)).toEqual([409, 200, ...Array(10).fill(401)]);
  });
});

test("logs no failure of the service for any hostile request", () => {
  expect(service.lines.filter((line) => line.includes('"failed"'))).toEqual([]);
});
