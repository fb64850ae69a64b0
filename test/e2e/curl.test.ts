import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import type { RequestListener } from "node:http";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { createRemoteJWKSet, jwtVerify } from "jose";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { needs } from "../debian.ts";
import { EXAMPLE_HOSTS, startBehindTls } from "../support/tls-front.ts";

const ISSUER = `https://${EXAMPLE_HOSTS.auth}`;
const AUDIENCE = `https://${EXAMPLE_HOSTS.api}`;
const { url, front, stack, createClient } = await startBehindTls({
  env: { TOKEN_ISSUER: ISSUER, TOKEN_AUDIENCE: AUDIENCE },
  api: (request, response) => search(request, response),
});
const curlHome = dirname(front.certificatePath);
await writeFile(
  join(curlHome, ".curlrc"),
  [
    "silent",
    "show-error",
    `cacert = "${front.certificatePath}"`,
    ...Object.values(EXAMPLE_HOSTS).map((host) => `connect-to = "${host}:443:127.0.0.1:${front.port}"`),
    String.raw`write-out = "\n%{http_code}"`,
  ].join("\n"),
);

/** The API that tokens are for: it knows our keys, and lets those in who may search. */
const keys = createRemoteJWKSet(new URL(`${url}/.well-known/jwks.json`));
const search: RequestListener = async ({ headers, url: path }, response) => {
  const token = headers.authorization?.replace("Bearer ", "") ?? "";
  const { payload } = await jwtVerify(token, keys, { issuer: ISSUER, audience: AUDIENCE, typ: "at+jwt" });
  response.end(JSON.stringify({ path, caller: payload.sub, scope: payload.scope }));
};

/** What stands in the examples for what each installation has of its own. */
const placeholders: Record<string, string> = { "<admin_token>": stack.adminToken() };

/** Runs a command of the documentation in a shell, exactly as it stands there but for the placeholders. */
async function run(example: string): Promise<{ status: number; body: string }> {
  const command = Object.entries(placeholders).reduce((text, [name, value]) => text.replaceAll(name, value), example);
  const { stdout } = await promisify(execFile)("/bin/bash", ["-c", command], {
    env: { PATH: "/usr/bin:/bin", CURL_HOME: curlHome },
  });
  const end = stdout.lastIndexOf("\n");
  return { status: Number(stdout.slice(end + 1)), body: stdout.slice(0, end) };
}

/** Expects the members of the documentation's answer, in its order, with its values but for those that are generated. */
function expectAnswer(body: string, example: string, generated: Record<string, unknown>): void {
  const replace = (name: string, value: unknown) => (Object.hasOwn(generated, name) ? generated[name] : value);
  expect(JSON.parse(body)).toEqual(JSON.parse(example, replace));
  const names = (text: string) => [...text.matchAll(/"([^"]+)":/g)].map(([, name]) => name);
  expect(names(body)).toEqual(names(example));
}

const ID = expect.stringMatching(/^[\da-f]{24}$/);
const SECRET = expect.stringMatching(/^socmate_[\dA-Za-z]{49}$/);
const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
const created = z.object({ client_id: z.string(), client_secret: z.string() });
const issued = z.object({ access_token: z.string() });

const TOKEN_COMMAND = String.raw`curl -X POST https://auth.socmate.yourcompany.com/oauth/token \
-d "grant_type=client_credentials" \
-d "client_id=socmate-xsoar-production-abc123" \
-d "client_secret=generated-secret-value"`;
const LIST_COMMAND = String.raw`curl -X GET "https://api.socmate.yourcompany.com/api/admin/api-clients?search=XSOAR" \
-H "Authorization: Bearer <admin_token>"`;

describe("[check 30] the curl command of the documentation, verbatim", needs("curl"), () => {
  test("creates a client", async () => {
    const { status, body } =
      await run(String.raw`curl -X POST https://api.socmate.yourcompany.com/api/admin/api-clients \
-H "Authorization: Bearer <admin_token>" \
-H "Content-Type: application/json" \
-d '{
"name": "XSOAR Production",
"description": "Palo Alto XSOAR integration for automated investigation",
"scopes": ["investigations:read", "investigations:write", "incidents:read"]
}'`);
    const example = `{
"id": "6507f1f77bcf86cd799439011",
"client_id": "socmate-xsoar-production-abc123",
"client_secret": "generated-secret-value-shown-once",
"name": "XSOAR Production",
"scopes": ["investigations:read", "investigations:write", "incidents:read"],
"token_endpoint": "https://auth.socmate.yourcompany.com/oauth/token"
}`;
    expect(status).toBe(201);
    expectAnswer(body, example, {
      id: ID,
      client_id: expect.stringMatching(/^socmate-xsoar-production-[a-z\d]{6}$/),
      client_secret: SECRET,
    });
    const client = created.parse(JSON.parse(body));
    placeholders["socmate-xsoar-production-abc123"] = client.client_id;
    placeholders["generated-secret-value"] = client.client_secret;
  });

  test("gets an access token with the credentials of that client", async () => {
    const { status, body } = await run(TOKEN_COMMAND);
    const example = `{
"access_token": "eyJhbGciOiJSUzI1NiIs...",
"expires_in": 1800,
"token_type": "Bearer",
"scope": "investigations:read investigations:write incidents:read"
}`;
    expect(status).toBe(200);
    expectAnswer(body, example, {
      access_token: expect.stringMatching(/^eyJhbGciOiJSUzI1NiIs[\w-]+\.[\w-]+\.[\w-]+$/),
    });
    placeholders["eyJhbGciOiJSUzI1NiIs..."] = issued.parse(JSON.parse(body)).access_token;
  });

  test("uses the access token at an API", async () => {
    const { status, body } =
      await run(String.raw`curl -X GET https://api.socmate.yourcompany.com/api/v1/search?q=phishing \
-H "Authorization: Bearer eyJhbGciOiJSUzI1NiIs..."`);
    expect(status).toBe(200);
    expect(JSON.parse(body)).toEqual({
      path: "/api/v1/search?q=phishing",
      caller: placeholders["socmate-xsoar-production-abc123"],
      scope: "investigations:read investigations:write incidents:read",
    });
  });

  test("lists the client with its last use", async () => {
    await expect
      .poll(async () => (await run(LIST_COMMAND)).body, { timeout: 15_000 })
      .not.toContain('"last_used_at":null');
    const { status, body } = await run(LIST_COMMAND);
    const example = `{
"clients": [
{
"id": "6507f1f77bcf86cd799439011",
"client_id": "socmate-xsoar-production-abc123",
"name": "XSOAR Production",
"description": "Palo Alto XSOAR integration for automated investigation",
"status": "active",
"scopes": ["investigations:read", "investigations:write", "incidents:read"],
"created_by": "admin-user-id",
"created_at": "2026-03-27T00:00:00Z",
"last_used_at": "2026-03-27T10:30:00Z"
}
],
"total": 1
}`;
    expect(status).toBe(200);
    expectAnswer(body, example, {
      id: ID,
      client_id: placeholders["socmate-xsoar-production-abc123"],
      created_by: "10ca1000-0000-4000-8000-00000000000a",
      created_at: TIME,
      last_used_at: TIME,
    });
  });

  test("regenerates the secret of the client, so that the old one is refused immediately", async () => {
    const { status, body } =
      await run(String.raw`curl -X POST https://api.socmate.yourcompany.com/api/admin/api-clients/socmate-xsoar-production-abc123/regenerate-secret \
-H "Authorization: Bearer <admin_token>"`);
    const example = `{
"client_id": "socmate-xsoar-production-abc123",
"client_secret": "new-secret-value-shown-once"
}`;
    expect(status).toBe(200);
    expectAnswer(body, example, {
      client_id: placeholders["socmate-xsoar-production-abc123"],
      client_secret: SECRET,
    });
    expect((await run(TOKEN_COMMAND)).status).toBe(401);
    placeholders["generated-secret-value"] = created.parse(JSON.parse(body)).client_secret;
    expect((await run(TOKEN_COMMAND)).status).toBe(200);
  });

  test("disables the client, so that it gets no more tokens", async () => {
    const { status, body } =
      await run(String.raw`curl -X DELETE https://api.socmate.yourcompany.com/api/admin/api-clients/socmate-xsoar-production-abc123 \
-H "Authorization: Bearer <admin_token>"`);
    expect(status).toBe(200);
    expect(JSON.parse(body)).toEqual({
      client_id: placeholders["socmate-xsoar-production-abc123"],
      status: "disabled",
    });
    expect((await run(TOKEN_COMMAND)).status).toBe(401);
    expect((await run(LIST_COMMAND)).body).toContain('"status":"disabled"');
  });
});

test("curl gets a token when it sends credentials only after the challenge (--anyauth)", needs("curl"), async () => {
  const { clientId, clientSecret } = await createClient();
  const { status, body } = await run(String.raw`curl --anyauth https://auth.socmate.yourcompany.com/oauth/token \
-u "${clientId}:${clientSecret}" \
-d "grant_type=client_credentials"`);
  expect(status).toBe(200);
  expect(JSON.parse(body)).toMatchObject({ token_type: "Bearer" });
});
