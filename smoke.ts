import assert from "node:assert/strict";
import { parseArgs } from "node:util";
import { createRemoteJWKSet, jwtVerify } from "jose";
import { z } from "zod";
import { dataDir, fetchAdminToken, findRunningStack } from "./local/running-stack.ts";

const USAGE = `npm run smoke -- --issuer https://auth.<host> --admin https://api.<host>

Tries on a deployment what the product's documentation promises, and leaves one disabled client.
ADMIN_TOKEN is the token of an administrator; without it, the stack of "npm start" is asked for one.`;

const { issuer, admin: adminUrl } = readArguments();
const clientsUrl = `${adminUrl}/api/admin/api-clients`;

const stack = process.env.ADMIN_TOKEN ? undefined : await findRunningStack(dataDir());
const adminToken = process.env.ADMIN_TOKEN ?? (stack && (await fetchAdminToken(stack)));
if (!adminToken) {
  console.error("Put the token of an administrator into ADMIN_TOKEN.");
  process.exit(2);
}

const SCOPES = ["investigations:read", "incidents:read"];
const TIMEOUT_MS = 30_000;
/** The use of a client is written after the answer. */
const USE_TRIES = 20;
const USE_WAIT_MS = 500;

function readArguments(): { issuer: string; admin: string } {
  try {
    const { issuer, admin, help } = parseArgs({
      options: { issuer: { type: "string" }, admin: { type: "string" }, help: { type: "boolean" } },
    }).values;
    if (issuer && admin && !help) return { issuer, admin };
    if (!help) throw new Error("--issuer and --admin say which deployment.");
    console.log(USAGE);
    process.exit(0);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
    process.exit(2);
  }
}

interface Answer {
  status: number;
  headers: Headers;
  body: Record<string, unknown>;
}

const metadataSchema = z.looseObject({ issuer: z.string(), token_endpoint: z.url(), jwks_uri: z.url() });
const createdSchema = z.strictObject({
  id: z.string(),
  client_id: z.string(),
  client_secret: z.string(),
  name: z.string(),
  scopes: z.array(z.string()),
  token_endpoint: z.string(),
});
const tokenSchema = z.strictObject({
  access_token: z.string(),
  expires_in: z.number(),
  token_type: z.literal("Bearer"),
  scope: z.string(),
});
const listSchema = z.strictObject({ clients: z.array(z.looseObject({ client_id: z.string() })), total: z.int() });

async function send(url: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(url, { ...init, redirect: "error", signal: AbortSignal.timeout(TIMEOUT_MS) });
  return { status: response.status, headers: response.headers, body: JSON.parse(await response.text()) };
}

function admin(method: string, path = "", body?: object): Promise<Answer> {
  return send(`${clientsUrl}${path}`, {
    method,
    headers: { Authorization: `Bearer ${adminToken}`, "Content-Type": "application/json" },
    ...(body && { body: JSON.stringify(body) }),
  });
}

function requestToken(form: Record<string, string>, headers: Record<string, string> = {}): Promise<Answer> {
  return send(metadata.token_endpoint, {
    method: "POST",
    headers,
    body: new URLSearchParams({ grant_type: "client_credentials", ...form }),
  });
}

const tokenFor = (clientSecret: string) => requestToken({ client_id: client.client_id, client_secret: clientSecret });

async function assertVerifies(answer: Answer, scope: string): Promise<void> {
  const token = tokenSchema.parse(answer.body);
  const { payload } = await jwtVerify(token.access_token, keys, { issuer, typ: "at+jwt", algorithms: ["RS256"] });
  assert.equal(payload.sub, client.client_id);
  assert.equal(payload.client_id, client.client_id);
  assert.equal(payload.scope, scope);
  assert.equal(token.scope, scope);
  assert.equal(token.expires_in, (payload.exp ?? 0) - (payload.iat ?? 0));
}

async function assertRefused(answer: Promise<Answer>): Promise<void> {
  const { status, headers, body } = await answer;
  assert.deepEqual([status, body.error], [401, "invalid_client"]);
  assert.match(headers.get("WWW-Authenticate") ?? "", /^Basic /);
}

let passed = 0;
async function check<T>(promise: string, run: () => Promise<T>): Promise<T> {
  try {
    const result = await run();
    passed++;
    console.log(`ok      ${promise}`);
    return result;
  } catch (error) {
    console.log(`FAILED  ${promise}`);
    throw error;
  }
}

const metadata = await check("the metadata names issuer, token endpoint and keys", async () => {
  const { body } = await send(`${issuer}/.well-known/oauth-authorization-server`);
  const found = metadataSchema.parse(body);
  assert.equal(found.issuer, issuer);
  return found;
});
const keys = createRemoteJWKSet(new URL(metadata.jwks_uri));

await check("the service is healthy", async () => {
  const { status, body } = await send(`${issuer}/health`);
  assert.equal(status, 200, JSON.stringify(body));
});

await check("the admin API wants an admin token", async () => {
  const { status, headers } = await send(clientsUrl);
  assert.equal(status, 401);
  assert.match(headers.get("WWW-Authenticate") ?? "", /^Bearer/);
});

const client = await check("an administrator creates a client and sees its secret", async () => {
  const description = "Made by npm run smoke, to be disabled by it";
  const { status, headers, body } = await admin("POST", "", { name: "Smoke test", description, scopes: SCOPES });
  assert.equal(status, 201, JSON.stringify(body));
  assert.equal(headers.get("Cache-Control"), "no-store");
  return createdSchema.parse(body);
});
const path = `/${client.client_id}`;

try {
  const first = await check("the client gets a token that verifies with the published keys", async () => {
    const answer = await tokenFor(client.client_secret);
    await assertVerifies(answer, SCOPES.join(" "));
    assert.equal(answer.headers.get("Cache-Control"), "no-store");
    return answer;
  });

  await check("with HTTP Basic, it gets a token for less", async () => {
    const basic = Buffer.from(`${client.client_id}:${client.client_secret}`).toString("base64");
    await assertVerifies(
      await requestToken({ scope: "incidents:read" }, { Authorization: `Basic ${basic}` }),
      "incidents:read",
    );
  });

  await check("a scope it does not have is refused", async () => {
    const { client_id, client_secret } = client;
    const { status, body } = await requestToken({ client_id, client_secret, scope: "graph:read" });
    assert.deepEqual([status, body.error], [400, "invalid_scope"]);
  });

  await check("a wrong secret is refused", () => assertRefused(tokenFor(`${client.client_secret}x`)));

  await check("an unknown scope is refused when a client is created", async () => {
    const { status, body } = await admin("POST", "", { name: "Smoke test", scopes: ["no:such"] });
    assert.equal(status, 400);
    assert.match(JSON.stringify(body), /no:such/);
  });

  await check("the list finds the client, and shows no secret", async () => {
    const { body } = await admin("GET", `?search=${client.client_id}`);
    const { clients, total } = listSchema.parse(body);
    assert.deepEqual([clients.map((found) => found.client_id), total], [[client.client_id], 1]);
    assert.doesNotMatch(JSON.stringify(body), /secret/i);
  });

  await check("the client shows when it was last used", async () => {
    for (let tries = 0; (await admin("GET", path)).body.last_used_at === null; tries++) {
      assert.ok(tries < USE_TRIES, "last_used_at is still null");
      await new Promise((resolve) => setTimeout(resolve, USE_WAIT_MS));
    }
  });

  await check("after regenerate only the new secret works, at once", async () => {
    const { status, body } = await admin("POST", `${path}/regenerate-secret`);
    assert.equal(status, 200, JSON.stringify(body));
    await assertRefused(tokenFor(client.client_secret));
    client.client_secret = z.string().parse(body.client_secret);
    await assertVerifies(await tokenFor(client.client_secret), SCOPES.join(" "));
  });

  await check("after disable there are no new tokens, and the old one lives on", async () => {
    const { status, body } = await admin("DELETE", path);
    assert.deepEqual([status, body], [200, { client_id: client.client_id, status: "disabled" }]);
    await assertRefused(tokenFor(client.client_secret));
    await assertVerifies(first, SCOPES.join(" "));
  });

  await check("disabled is final", async () => {
    assert.equal((await admin("POST", `${path}/regenerate-secret`)).status, 409);
    assert.equal((await admin("DELETE", path)).status, 200);
  });
  console.log(`${passed} checks passed on ${issuer}`);
} finally {
  await admin("DELETE", path).catch(() => console.error(`Disable ${client.client_id} yourself.`));
}
