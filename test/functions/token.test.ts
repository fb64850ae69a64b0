import { createLocalJWKSet, jwtVerify } from "jose";
import { beforeEach, describe, expect, test } from "vitest";
import { token } from "../../functions/token.ts";
import { generateClientSecret } from "../../shared/clients/client-secret.ts";
import { azureError } from "../fakes/azure-error.ts";
import { createContext } from "../fakes/fake-context.ts";
import { createFakeServices, type FakeServices, type NewApiClient } from "../fakes/fake-services.ts";
import { failing } from "../fakes/hooks.ts";
import { askToken, type TokenRequest, tokenForm } from "./invoke.ts";
import { expectRefusal, NO_STORE } from "./oauth-refusal.ts";

let services: FakeServices;
let client: NewApiClient;
let form: Record<string, string>;

beforeEach(async () => {
  services = await createFakeServices();
  client = await services.addClient();
  form = tokenForm(client.clientId, client.clientSecret);
});

const ask = (request: TokenRequest = { form }) => askToken(token, services, request);
const FORM = "application/x-www-form-urlencoded";
const allScopes = "investigations:read investigations:write incidents:read";

describe("a token", () => {
  test("answers a token request with exactly four members and no-store (RFC 6749 §5.1) [check 17] [check 18]", async () => {
    const answer = await ask();
    expect(answer).toMatchObject({ status: 200, headers: NO_STORE });
    expect(answer.body).toEqual({
      access_token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      expires_in: 1800,
      token_type: "Bearer",
      scope: allScopes,
    });
    expect(Object.keys(answer.body as object)).toEqual(["access_token", "expires_in", "token_type", "scope"]);
  });

  test("an access token verifies with the published keys and has the documented claims [check 22] [check 23]", async () => {
    const { body } = await ask({ form: { ...form, scope: "incidents:read investigations:read" } });
    const { access_token: accessToken, expires_in: expiresIn } = body as Record<string, string>;
    const { payload, protectedHeader } = await jwtVerify(
      accessToken ?? "",
      createLocalJWKSet(await services.signer.jwks()),
      { currentDate: services.clock.now() },
    );
    expect(protectedHeader).toEqual({ alg: "RS256", typ: "at+jwt", kid: expect.any(String) });
    const iat = services.clock.now().getTime() / 1000;
    expect(payload).toEqual({
      iss: "https://auth.socmate.example",
      aud: "https://api.socmate.example",
      sub: client.clientId,
      client_id: client.clientId,
      scope: "investigations:read incidents:read",
      iat,
      exp: iat + Number(expiresIn),
      jti: expect.any(String),
    });
    expect(accessToken?.length).toBeLessThan(1_536);
  });

  test("logs a token in one line with client_id and jti, without the token itself [check 60] [check 59]", async () => {
    const { lines, body } = await ask();
    const { access_token: accessToken = "" } = body as Record<string, string>;
    const { jti } = JSON.parse(Buffer.from(accessToken.split(".")[1] ?? "", "base64url").toString());
    expect(lines).toEqual([
      {
        time: expect.any(String),
        level: "info",
        request_id: expect.any(String),
        event: "token",
        client_id: client.clientId,
        actor: client.clientId,
        jti,
        scope: allScopes,
        outcome: "success",
        status: 200,
      },
    ]);
  });

  test("records the use of a client after the answer, and a failed write does not fail the request [check 51]", async () => {
    const { usageTable } = services.azure;
    usageTable.before = failing("updateEntity", () => azureError(503));
    await expect(ask()).resolves.toMatchObject({ status: 200 });
    await services.usage.flush();
    usageTable.before = () => undefined;
    services.azure.clock.advance(61_000);
    await ask();
    await services.usage.flush();
    expect([...usageTable.rows.values()]).toMatchObject([
      { rowKey: client.clientId, last_used_at: "2026-03-27T00:01:01Z" },
    ]);
  });

  test.for<[string, () => TokenRequest]>([
    ["a charset in the media type", () => ({ form, headers: { "content-type": `${FORM};charset=ISO-8859-1` } })],
    ["parameters outside of OAuth", () => ({ form: { ...form, audience: "x", resource: "y" } })],
    ["an empty scope", () => ({ form: { ...form, scope: "" } })],
    ["an empty Authorization header", () => ({ form, headers: { authorization: "" } })],
    ["a function key in the query", () => ({ form, url: "http://127.0.0.1/oauth/token?code=x&foo=bar" })],
    [
      "credentials in Basic alone",
      () => ({ form: { grant_type: "client_credentials" }, headers: { authorization: basic(client) } }),
    ],
    ["the same credentials in Basic and form", () => ({ form, headers: { authorization: basic(client) } })],
    [
      "values that are not encoded",
      () => ({ body: { string: `${raw(form)}&scope=investigations:read incidents:read` } }),
    ],
  ])("issues a token for a request with %s [check 2] [check 4] [check 16]", async ([, request]) => {
    await expect(ask(request())).resolves.toMatchObject({ status: 200 });
  });
});

describe("the token endpoint refuses", () => {
  test.for(["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])(
    "refuses a token request by %s (RFC 6749 §3.2) [check 1]",
    async (method) => {
      const answer = await ask({ method, ...(method !== "GET" && method !== "HEAD" && { form }) });
      expectRefusal(answer, 405, "invalid_request", { Allow: "POST" });
    },
  );

  test.for(["", "application/json", "multipart/form-data; boundary=x", "text/plain"])(
    "refuses a token request of the media type %j and names the right one [check 2]",
    async (type) => {
      const answer = await ask({ form, headers: { "content-type": type } });
      expectRefusal(answer, 400, "invalid_request");
      expect(answer.body).toMatchObject({ error_description: expect.stringContaining(FORM) });
    },
  );

  test.for(["grant_type", "scope", "client_id", "client_secret", "client_assertion", "client_assertion_type"])(
    "refuses a token request with %s in the URL and does not log its value (RFC 6749 §2.3.1) [check 5] [check 6]",
    async (name) => {
      const url = `http://127.0.0.1/oauth/token?${name}=canary`;
      const answer = await ask({ form, url });
      expectRefusal(answer, 400, "invalid_request");
      expect(JSON.stringify(answer)).not.toContain("canary");
    },
  );

  test.for([
    ["a repeated parameter [check 5]", "grant_type=client_credentials&grant_type=client_credentials"],
    ["malformed percent-encoding [check 7]", "grant_type=client_credentials&scope=%zz"],
    ["no grant_type (RFC 6749 §5.2) [check 14]", "scope=search:read"],
    ["an empty grant_type [check 3] [check 14]", "grant_type="],
    ["an empty body [check 14]", ""],
  ] as const)("refuses a token request with %s", async ([, body]) => {
    expectRefusal(await ask({ body: { string: body } }), 400, "invalid_request");
  });

  test("accepts grant_type in the URL with the value of the body, and no other [check 5]", async () => {
    const at = (grant: string) => `http://127.0.0.1/oauth/token?grant_type=${grant}`;
    await expect(ask({ form, url: at("client_credentials") })).resolves.toMatchObject({ status: 200 });
    expectRefusal(await ask({ form, url: at("password") }), 400, "invalid_request");
  });

  test.for(["password", "authorization_code", "refresh_token", "Client_Credentials", "client_credentials ", "canary"])(
    "refuses the grant type %s (RFC 6749 §5.2) [check 14]",
    async (grant) => {
      const answer = await ask({ form: { ...form, grant_type: grant } });
      expectRefusal(answer, 400, "unsupported_grant_type");
      expect(JSON.stringify(answer)).not.toContain("canary");
    },
  );

  test("refuses a token request of more than 8 KiB [check 8]", async () => {
    const request = { form: { ...form, x: "a".repeat(8 * 1024) } };
    expectRefusal(await ask(request), 413, "invalid_request");
  });

  test("refuses a token request without credentials (RFC 6749 §5.2) [check 12] [check 19]", async () => {
    expectRefusal(await ask({ form: { grant_type: "client_credentials" } }), 401, "invalid_client");
  });

  test("refuses a token request with a malformed Authorization header [check 10]", async () => {
    const answer = await ask({ form, headers: { authorization: "Basic canary!" } });
    expectRefusal(answer, 401, "invalid_client");
    expect(JSON.stringify(answer)).not.toContain("canary");
  });

  test("refuses a token request with different credentials in Basic and form (RFC 6749 §2.3) [check 11]", async () => {
    const other = await services.addClient();
    expectRefusal(await ask({ form, headers: { authorization: basic(other) } }), 400, "invalid_request");
  });

  test("refuses an unknown client, a wrong secret and a disabled client with the same bytes [check 13]", async () => {
    const disabled = await services.addClient();
    await services.clients.disable(disabled.clientId, { adminId: "admin", at: services.clock.now() }, createContext());
    const attempts = [
      { client_id: "socmate-unknown-000000" },
      { client_secret: generateClientSecret() },
      { client_id: disabled.clientId, client_secret: disabled.clientSecret },
      { client_id: disabled.clientId, client_secret: generateClientSecret() },
    ];
    const answers: unknown[] = [];
    for (const attempt of attempts) {
      const answer = await ask({ form: { ...form, ...attempt } });
      expectRefusal(answer, 401, "invalid_client");
      // The known secret of a disabled client raises an alarm.
      expect(answer.lines).toHaveLength(attempt.client_secret === disabled.clientSecret ? 2 : 1);
      answers.push({ ...answer, lines: [], asSent: undefined });
    }
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
  });

  test.for<[string, Record<string, string>]>([
    ["a client_id with a line break", { client_id: "socmate-a-000000\n" }],
    ["a malformed client_id", { client_id: "../admin" }],
    ["a secret cut short", { client_secret: generateClientSecret().slice(0, -1) }],
    ["a secret with white space", { client_secret: ` ${generateClientSecret()}` }],
    ["swapped credentials", { client_id: generateClientSecret(), client_secret: "socmate-a-000000" }],
  ])("refuses %s without a call to Azure [check 52] [check 64]", async ([, change]) => {
    const { table, secretVault, signingVaults } = services.azure;
    const parts = [table, secretVault, ...signingVaults];
    for (const part of parts) part.operations.length = 0;
    expectRefusal(await ask({ form: { ...form, ...change } }), 401, "invalid_client");
    expect(parts.flatMap(({ operations }) => operations)).toEqual([]);
  });

  test.for(["graph:read", "alerts:read", "INCIDENTS:READ", "incidents:read  investigations:read", "canary"])(
    "refuses the scope %j, which the client does not have (RFC 6749 §5.2) [check 15]",
    async (scope) => {
      const answer = await ask({ form: { ...form, scope } });
      expectRefusal(answer, 400, "invalid_scope");
      expect(JSON.stringify(answer.lines)).not.toContain("canary");
    },
  );

  test("logs the reason of a refused token request in one line [check 60]", async () => {
    const { lines } = await ask({ form: { ...form, client_secret: generateClientSecret() } });
    expect(lines).toEqual([
      {
        time: expect.any(String),
        level: "warn",
        request_id: expect.any(String),
        event: "token",
        client_id: client.clientId,
        outcome: "refused",
        status: 401,
        reason: "wrong_secret",
      },
    ]);
  });
});

test("no answer and no log line of the token endpoint contains a secret, wherever it was sent [check 37] [check 59]", async () => {
  const canary = generateClientSecret();
  const places: TokenRequest[] = [
    ...["grant_type", "scope", "client_id", "client_secret", "x"].map((name) => ({
      form: { ...form, [name]: canary },
    })),
    { form, headers: { authorization: canary } },
    { form, headers: { authorization: `Basic ${Buffer.from(`${canary}:${canary}`).toString("base64")}` } },
    { form, headers: { "content-type": canary } },
    { form, url: `http://127.0.0.1/oauth/token?client_secret=${canary}` },
    { form, method: "PUT", headers: { "x-canary": canary } },
    { body: { string: `${canary}=%` } },
  ];
  for (const place of places) expect(JSON.stringify(await ask(place))).not.toContain(canary);
});

function basic({ clientId, clientSecret }: NewApiClient): string {
  return `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString("base64")}`;
}

function raw(parameters: object): string {
  return Object.entries(parameters)
    .map((pair) => pair.join("="))
    .join("&");
}
