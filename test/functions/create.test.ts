import { beforeEach, describe, expect, test, vi } from "vitest";
import { create } from "../../functions/create.ts";
import { token } from "../../functions/token.ts";
import { isClientSecret } from "../../shared/clients/client-secret.ts";
import { SCOPES } from "../../shared/model/scopes.ts";
import { azureError, connectionReset } from "../fakes/azure-error.ts";
import { createFakeServices, type FakeServices } from "../fakes/fake-services.ts";
import { failing } from "../fakes/hooks.ts";
import { type AdminRequest, askAdmin, askToken, tokenForm } from "./invoke.ts";

let services: FakeServices;
beforeEach(async () => {
  services = await createFakeServices();
});

const valid = {
  name: "XSOAR Production",
  description: "Palo Alto XSOAR integration for automated investigation",
  scopes: ["investigations:read", "investigations:write", "incidents:read"],
};
const ask = (json: unknown = valid, request: AdminRequest = {}) => askAdmin(create, services, { json, ...request });
const clientRows = () => [...services.azure.table.rows.values()].filter(({ rowKey }) => rowKey === "client");
const problemHeaders = { "Content-Type": "application/problem+json", "Cache-Control": "no-store" };
const problem = (status: number, title: string, detail: string, more: object = {}) => ({
  type: "about:blank",
  title,
  status,
  detail,
  ...more,
});

describe("a new client", () => {
  test("answers a create as the product's documentation shows it, with the secret and no-store [check 30]", async () => {
    const answer = await ask();
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{24}$/),
      client_id: expect.stringMatching(/^socmate-xsoar-production-[a-z0-9]{6}$/),
      client_secret: expect.stringMatching(/^socmate_[0-9A-Za-z]{49}$/),
      name: "XSOAR Production",
      scopes: ["investigations:read", "investigations:write", "incidents:read"],
      token_endpoint: "https://auth.socmate.example/oauth/token",
    });
    const body = answer.body as Record<string, string>;
    expect(Object.keys(body)).toEqual(["id", "client_id", "client_secret", "name", "scopes", "token_endpoint"]);
    expect(isClientSecret(body.client_secret ?? "")).toBe(true);
    expect(answer.headers).toEqual({
      "Content-Type": "application/json",
      "Cache-Control": "no-store",
      Location: `/api/admin/api-clients/${body.client_id}`,
    });
  });

  test("a new client gets a token with its secret immediately", async () => {
    const { client_id = "", client_secret = "" } = (await ask()).body as Record<string, string>;
    const form = tokenForm(client_id, client_secret);
    await expect(askToken(token, services, { form })).resolves.toMatchObject({ status: 200 });
  });

  test("stores a new client as a row with a secretName and a hash in the vault, and its secret nowhere [check 37]", async () => {
    const {
      client_id: clientId = "",
      client_secret: clientSecret = "",
      id,
    } = (await ask()).body as Record<string, string>;
    const row = services.azure.table.rows.get(`${clientId}/client`);
    expect(row).toEqual({
      partitionKey: clientId,
      rowKey: "client",
      etag: expect.any(String),
      id,
      name: valid.name,
      description: valid.description,
      status: "active",
      scopes: valid.scopes.join(" "),
      created_by: "10ca1000-0000-4000-8000-00000000000a",
      created_at: "2026-03-27T00:00:00Z",
      secretName: expect.stringMatching(/^client-secret-[0-9a-f]{32}$/),
      secretHint: clientSecret.slice(8, 16),
      secret_created_at: "2026-03-27T00:00:00Z",
      secret_created_by: "10ca1000-0000-4000-8000-00000000000a",
    });
    const stored = services.azure.secretVault.secrets.get(String(row?.secretName));
    expect(stored).toMatchObject([{ value: expect.stringMatching(/^v1:[\w-]{43}$/) }]);
    expect(JSON.stringify([[...services.azure.table.rows], [...services.azure.secretVault.secrets]])).not.toContain(
      clientSecret,
    );
  });

  test("logs a create in one line without the secret [check 60]", async () => {
    const { body, lines } = await ask();
    const { client_id: clientId, client_secret: clientSecret = "" } = body as Record<string, string>;
    expect(lines).toEqual([
      {
        time: expect.any(String),
        level: "info",
        request_id: expect.any(String),
        event: "create",
        actor: "10ca1000-0000-4000-8000-00000000000a",
        client_id: clientId,
        name: "XSOAR Production",
        scope: "investigations:read investigations:write incidents:read",
        outcome: "success",
        status: 201,
      },
    ]);
    expect(JSON.stringify(lines)).not.toContain(clientSecret);
  });

  test("commits a new client by its row, after the hash is written and read back", async () => {
    await ask();
    const { table, secretVault } = services.azure;
    const order = ["setSecret", "getSecret", "submitTransaction"];
    services = await createFakeServices();
    const seen: string[] = [];
    for (const fake of [services.azure.table, services.azure.secretVault]) fake.before = ({ name }) => seen.push(name);
    await ask();
    expect(seen).toEqual(order);
    expect([...secretVault.operations, ...table.operations].map(({ name }) => name)).toEqual(order);
  });

  test("draws another client_id when the first one is taken", async () => {
    let taken = 2;
    services.azure.table.before = ({ name, target }) => {
      if (name !== "submitTransaction" || taken-- <= 0) return;
      const [partitionKey = "", rowKey = ""] = target.split("/");
      services.azure.table.rows.set(target, {
        partitionKey,
        rowKey,
        etag: "e",
        id: "0".repeat(24),
        name: "x",
        description: "",
        status: "active",
        scopes: "search:read",
        created_by: "other",
        created_at: "2026-01-01T00:00:00Z",
        secretName: "client-secret-other",
      });
    };
    const answer = await ask();
    expect(answer).toMatchObject({ status: 201 });
    expect(clientRows()).toHaveLength(3);
    const { client_id: clientId } = answer.body as Record<string, string>;
    expect(services.azure.table.rows.get(`${clientId}/client`)).toMatchObject({ name: valid.name });
    expect(answer.lines).toMatchObject([{ client_id: clientId }]);
  });
});

describe("a refused create", () => {
  const nothingStored = () => {
    expect(services.azure.table.operations).toEqual([]);
    expect(services.azure.secretVault.operations).toEqual([]);
  };

  test("refuses a create without a valid admin token and stores nothing [check 38]", async () => {
    const answer = await ask(valid, { headers: { authorization: "Bearer x" } });
    expect(answer).toMatchObject({
      status: 401,
      headers: { ...problemHeaders, "WWW-Authenticate": 'Bearer error="invalid_token"' },
      body: problem(401, "Unauthorized", "Send a valid admin token: Authorization: Bearer <admin token>."),
    });
    nothingStored();
  });

  test("refuses a create without the admin role and stores nothing [check 38]", async () => {
    const headers = { authorization: `Bearer ${services.adminToken({ roles: ["reader"] })}` };
    const answer = await ask(valid, { headers });
    expect(answer).toMatchObject({
      status: 403,
      headers: problemHeaders,
      body: problem(403, "Forbidden", 'The admin token lacks the role "admin".'),
      lines: [
        {
          level: "warn",
          outcome: "refused",
          status: 403,
          actor: "10ca1000-0000-4000-8000-00000000000a",
          reason: "admin_role_missing",
        },
      ],
    });
    nothingStored();
  });

  test("refuses a create with wrong scopes, names each of them and stores nothing [check 31]", async () => {
    const answer = await ask({ ...valid, scopes: ["alerts:read", "search:read", "graph:write"] });
    const scopes = `The scopes are: ${SCOPES.join(", ")}.`;
    expect(answer).toMatchObject({ status: 400, headers: problemHeaders });
    expect(answer.body).toEqual(
      problem(400, "Bad Request", "The body has 2 faults: correct what errors names.", {
        errors: [
          { field: "scopes", detail: `"alerts:read" is not a scope. ${scopes}` },
          { field: "scopes", detail: `"graph:write" is not a scope. ${scopes}` },
        ],
      }),
    );
    nothingStored();
  });

  test.for([
    "id",
    "client_id",
    "client_secret",
    "status",
    "created_by",
    "secretName",
    "partitionKey",
    "odata.etag",
    "__proto__",
    "constructor",
  ])("refuses a create with the member %s and stores nothing [check 32]", async (member) => {
    const string = `{"name":"x","scopes":["search:read"],"${member}":"x"}`;
    const answer = await ask(undefined, { method: "POST", body: { string } });
    expect(answer).toMatchObject({ status: 400 });
    expect(answer.body).toMatchObject({
      errors: [{ field: member, detail: "Is not a member of the body: remove it." }],
    });
    nothingStored();
  });

  test.for([
    ["malformed JSON", 400, { body: { string: "{" } }],
    ["10,000 arrays in each other [check 33]", 400, { body: { string: "[".repeat(10_000) + "]".repeat(10_000) } }],
    ["another media type", 415, { headers: { "content-type": "text/plain" } }],
    ["more than 64 KiB", 413, { body: { string: " ".repeat(65_537) } }],
  ] as const)("refuses a create with %s and stores nothing", async ([, status, request]) => {
    const authorization = `Bearer ${services.adminToken()}`;
    const headers = { authorization, ...("headers" in request && request.headers) };
    await expect(ask(valid, { ...request, headers: { ...headers } })).resolves.toMatchObject({
      status,
      headers: problemHeaders,
    });
    nothingStored();
  });
});

describe("a fault while a client is created", () => {
  const outcomeUnknown =
    "The outcome is unknown: the change may or may not have been made. Look at the client, then try again.";

  test.for([
    ["the vault does not take the hash", "secretVault", "setSecret"],
    ["the hash cannot be read back", "secretVault", "getSecret"],
  ] as const)("answers a create with 503 and writes no row when %s [check 50]", async ([, part, operation]) => {
    services.azure[part].before = failing(operation, () => azureError(500));
    await expect(ask()).resolves.toMatchObject({ status: 503, headers: { "Retry-After": "2" } });
    expect(services.azure.table.rows.size).toBe(0);
  });

  test("answers a create with 201 by the row when the reply to the commit is lost [check 49]", async () => {
    services.azure.table.after = failing("submitTransaction", connectionReset, 1);
    const { status, body } = await ask();
    expect(status).toBe(201);
    expect(clientRows()).toHaveLength(1);
    const { client_id = "", client_secret = "" } = body as Record<string, string>;
    const form = tokenForm(client_id, client_secret);
    await expect(askToken(token, services, { form })).resolves.toMatchObject({ status: 200 });
  });

  test("answers a create with 503 and fences it off when the commit fails [check 49]", async () => {
    services.azure.table.before = failing("submitTransaction", connectionReset);
    const { status, headers, lines } = await ask();
    expect({ status, headers, lines }).toMatchObject({
      status: 503,
      headers: { "Retry-After": "2" },
      lines: [{ reason: "change_abandoned", note: "table insert: ECONNRESET" }],
    });
    expect([...services.azure.table.rows.values()]).toMatchObject([{ action: "abandoned", change: "create" }]);
  });

  test('answers a create with 503 "the outcome is unknown" when the commit and the row are unavailable [check 49]', async () => {
    services.azure.table.before = failing("getEntity", connectionReset);
    services.azure.table.after = failing("submitTransaction", connectionReset);
    await expect(ask()).resolves.toMatchObject({ status: 503, body: { detail: outcomeUnknown } });
  });
});

test("no answer of create contains a secret that was sent in the wrong place [check 37] [check 59]", async () => {
  const { clientSecret: canary } = await services.addClient();
  const bodies = [
    { ...valid, name: canary },
    { ...valid, description: `secret ${canary}` },
    { ...valid, scopes: [canary] },
    { ...valid, [canary]: 1 },
    canary,
  ];
  for (const body of bodies) {
    const answer = await ask(body);
    expect(answer.status).toBe(400);
    expect(JSON.stringify(answer)).not.toContain(canary);
  }
  expect(JSON.stringify(await ask(valid, { headers: { authorization: `Bearer ${canary}` } }))).not.toContain(canary);
});

test("answers an unforeseen error with 500 without its message, and logs its trace [check 59]", async () => {
  vi.spyOn(services.secrets, "put").mockRejectedValue(new TypeError("canary"));
  const answer = await ask();
  expect(answer).toMatchObject({
    status: 500,
    body: problem(500, "Internal Server Error", "The service failed. Nothing is wrong with the request."),
    lines: [
      {
        level: "error",
        outcome: "failed",
        status: 500,
        reason: "internal_error",
        note: expect.stringMatching(/^TypeError at /),
      },
    ],
  });
  expect(JSON.stringify(answer)).not.toContain("canary");
});
