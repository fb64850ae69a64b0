import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { token } from "../../functions/token.ts";
import { azureError, connectionReset, vaultError } from "../fakes/azure-error.ts";
import { createContext } from "../fakes/fake-context.ts";
import { createFakeServices, type FakeServices, type NewApiClient } from "../fakes/fake-services.ts";
import { failing } from "../fakes/hooks.ts";
import { askToken, tokenForm } from "./invoke.ts";
import { expectRefusal } from "./oauth-refusal.ts";

let services: FakeServices;
let client: NewApiClient;
beforeEach(async () => {
  services = await createFakeServices();
  client = await services.addClient();
});
afterEach(() => void vi.restoreAllMocks());

const ask = ({ clientId, clientSecret } = client, instance = services) =>
  askToken(token, instance, { form: tokenForm(clientId, clientSecret) });

describe("a token request during a fault", () => {
  const unavailable = (seconds = "2") => ({ "Retry-After": seconds });

  test.for([
    ["the table fails", "table", "getEntity", () => azureError(500), "2"],
    ["the table is unreachable", "table", "getEntity", connectionReset, "2"],
    ["the table refuses our identity [check 44]", "table", "getEntity", () => azureError(403), "60"],
    [
      "the table itself is missing",
      "table",
      "getEntity",
      () => azureError(404, {}, { odataError: { code: "TableNotFound" } }),
      "60",
    ],
    ["the secrets vault fails, with a cold cache [check 42]", "secretVault", "getSecret", () => azureError(503), "2"],
    [
      "the secrets vault refuses our identity [check 44]",
      "secretVault",
      "getSecret",
      () => vaultError(403, "Forbidden", "ForbiddenByRbac"),
      "60",
    ],
    ["the vault secret is not there", "secretVault", "getSecret", () => vaultError(404, "SecretNotFound"), "60"],
    ["the keys cannot be listed [check 43]", "signingVault", "listPropertiesOfKeyVersions", connectionReset, "2"],
    ["the vault does not sign [check 43]", "signingVault", "signData", () => azureError(500), "2"],
    [
      "the vault refuses our identity to sign [check 44]",
      "signingVault",
      "signData",
      () => vaultError(403, "Forbidden"),
      "60",
    ],
  ] as const)(
    "answers a token request with 503 and Retry-After when %s [check 41]",
    async ([, part, operation, error, retryAfter]) => {
      vi.spyOn(console, "error").mockReturnValue();
      const { table, secretVault, signingVaults } = services.azure;
      const fake = { table, secretVault, signingVault: signingVaults[0] }[part];
      if (!fake) throw new Error("no such fake");
      fake.before = failing(operation, error);
      expectRefusal(await ask(), 503, "temporarily_unavailable", unavailable(retryAfter));
      fake.before = () => undefined;
      // A failed list of keys is read again ten seconds later.
      services.azure.clock.advance(10_000);
      await expect(ask()).resolves.toMatchObject({ status: 200 });
    },
  );

  test("passes on the Retry-After of Azure when the table throttles [check 21]", async () => {
    services.azure.table.before = failing("getEntity", () => azureError(429, { "retry-after": "17" }));
    const answer = await ask();
    expectRefusal(answer, 503, "temporarily_unavailable", unavailable("17"));
    expect(answer.lines).toMatchObject([{ level: "error", outcome: "failed", status: 503, note: "table get: 429" }]);
  });

  test("answers a token request with 503 when the table never answers", async () => {
    const { table, clock } = services.azure;
    table.before = () => new Promise(() => {});
    const answered = ask();
    await expect.poll(() => table.operations.length).toBe(1);
    clock.advance(4_500);
    expectRefusal(await answered, 503, "temporarily_unavailable", unavailable());
  });

  test("issues a token while the secrets vault is down if the hash is cached [check 42]", async () => {
    await ask();
    services.azure.secretVault.before = failing("getSecret", connectionReset);
    await expect(ask()).resolves.toMatchObject({ status: 200 });
  });

  test("issues a token when a single try fails", async () => {
    services.azure.table.before = failing("getEntity", connectionReset, 1);
    await expect(ask()).resolves.toMatchObject({ status: 200 });
  });
});

describe("two instances with warm caches", () => {
  let other: FakeServices;
  beforeEach(async () => {
    other = await createFakeServices(services.azure);
    await ask();
    await ask(client, other);
  });

  test("a disabled client gets no token on any instance after the commit [check 46]", async () => {
    await services.clients.disable(client.clientId, { adminId: "admin", at: services.clock.now() }, createContext());
    expectRefusal(await ask(), 401, "invalid_client");
    expectRefusal(await ask(client, other), 401, "invalid_client");
  });

  test("a late write of the use leaves a disabled client disabled [check 51]", async () => {
    services.azure.clock.advance(30_000);
    await Promise.all(Array.from({ length: 100 }, () => ask()));
    await services.clients.disable(client.clientId, { adminId: "admin", at: services.clock.now() }, createContext());
    await Promise.all([services.usage.flush(), other.usage.flush()]);
    expect(services.azure.table.rows.get(`${client.clientId}/client`)).toMatchObject({ status: "disabled" });
    expectRefusal(await ask(), 401, "invalid_client");
  });
});

test("concurrent requests of many clients get their own tokens and read each hash once [check 54]", async () => {
  const clients = await Promise.all(
    Array.from({ length: 20 }, (_, i) =>
      services.addClient({ name: `Client ${i}`, scopes: i % 2 ? ["graph:read"] : ["search:read"] }),
    ),
  );
  services.azure.secretVault.operations.length = 0;
  services.azure.secretVault.before = () => new Promise(setImmediate);
  const requests = Array.from({ length: 300 }, (_, i) => clients[i % clients.length] as NewApiClient);
  const answers = await Promise.all(requests.map((request) => ask(request)));
  for (const [index, { body, lines }] of answers.entries()) {
    const { clientId, client: record } = requests[index] as NewApiClient;
    const { access_token: accessToken = "", scope } = body as Record<string, string>;
    const claims = JSON.parse(Buffer.from(accessToken.split(".")[1] ?? "", "base64url").toString());
    expect(claims).toMatchObject({ sub: clientId, scope: record.scopes.join(" ") });
    expect(scope).toBe(claims.scope);
    expect(lines).toMatchObject([{ client_id: clientId, jti: claims.jti }]);
  }
  expect(services.azure.secretVault.operations).toHaveLength(clients.length);
});
