import { beforeEach, describe, expect, test } from "vitest";
import { disable } from "../../functions/disable.ts";
import { regenerate } from "../../functions/regenerate.ts";
import { token } from "../../functions/token.ts";
import { azureError, connectionReset } from "../fakes/azure-error.ts";
import { createFakeServices, type FakeServices, type NewApiClient } from "../fakes/fake-services.ts";
import { failing, once } from "../fakes/hooks.ts";
import { askAdmin, askToken, tokenForm } from "./invoke.ts";

let services: FakeServices;
let client: NewApiClient;
beforeEach(async () => {
  services = await createFakeServices();
  client = await services.addClient();
});

const ask = (clientId = client.clientId, instance = services) =>
  askAdmin(regenerate, instance, { method: "POST", clientId });
const secretOf = (body: unknown) => (body as { client_secret: string }).client_secret;
const row = () => services.azure.table.rows.get(`${client.clientId}/client`);

/** The status of a token request with a secret of the client. */
async function tokenStatus(clientSecret: string, instance = services): Promise<number | undefined> {
  const form = tokenForm(client.clientId, clientSecret);
  return (await askToken(token, instance, { form })).status;
}

const isEnabled = (secretName: unknown) =>
  services.azure.secretVault.secrets.get(String(secretName))?.at(-1)?.properties.enabled;

describe("a new secret", () => {
  test("answers a regenerate as the product's documentation shows it, with no-store [check 30]", async () => {
    const answer = await ask();
    expect(answer).toMatchObject({
      status: 200,
      headers: { "Content-Type": "application/json", "Cache-Control": "no-store" },
      lines: [{ level: "info", event: "regenerate", client_id: client.clientId, outcome: "success", status: 200 }],
    });
    expect(answer.body).toEqual({
      client_id: client.clientId,
      client_secret: expect.stringMatching(/^socmate_[0-9A-Za-z]{49}$/),
    });
    expect(JSON.stringify(answer.lines)).not.toContain(secretOf(answer.body));
  });

  test("a new secret is valid immediately on every instance and the old one is not, with warm or cold caches [check 45]", async () => {
    const instances = [services, await createFakeServices(services.azure)];
    for (const instance of instances) expect(await tokenStatus(client.clientSecret, instance)).toBe(200);
    const { body } = await ask();
    for (const instance of instances) {
      expect(await tokenStatus(client.clientSecret, instance)).toBe(401);
      expect(await tokenStatus(secretOf(body), instance)).toBe(200);
    }
  });

  test("gives a new secret its own secretName, disables the old one after the commit and changes no other column", async () => {
    const before = { ...row() };
    services.azure.clock.advance(60_000);
    const clientSecret = secretOf((await ask()).body);
    const [at, by] = ["2026-03-27T00:01:00Z", "10ca1000-0000-4000-8000-00000000000a"];
    expect(row()).toEqual({
      ...before,
      etag: expect.any(String),
      secretName: expect.stringMatching(/^client-secret-[0-9a-f]{32}$/),
      secretHint: clientSecret.slice(8, 16),
      secret_created_at: at,
      secret_created_by: by,
      replaced_secrets: expect.any(String),
    });
    expect(JSON.parse(String(row()?.replaced_secrets))).toEqual([
      {
        hint: before.secretHint,
        created_at: before.secret_created_at,
        created_by: before.secret_created_by,
        replaced_at: at,
        replaced_by: by,
      },
    ]);
    expect(row()?.secretName).not.toBe(before.secretName);
    expect(isEnabled(before.secretName)).toBe(false);
    expect(isEnabled(row()?.secretName)).toBe(true);
  });
});

describe("a refused regenerate", () => {
  test("refuses a regenerate of a disabled client with 409 and makes no secret [check 40]", async () => {
    await askAdmin(disable, services, { method: "DELETE", clientId: client.clientId });
    services.azure.secretVault.operations.length = 0;
    const answer = await ask();
    expect(answer).toMatchObject({ status: 409, headers: { "Content-Type": "application/problem+json" } });
    expect(answer.body).toEqual({
      type: "about:blank",
      title: "Conflict",
      status: 409,
      detail: "The client is disabled for good: create a new one.",
    });
    expect(services.azure.secretVault.operations).toEqual([]);
  });

  test.for(["socmate-unknown-000000", "..", "A"])(
    "answers a regenerate of the unknown client %s with 404 and makes no secret [check 40]",
    async (clientId) => {
      await expect(ask(clientId)).resolves.toMatchObject({ status: 404 });
      expect(services.azure.secretVault.secrets.size).toBe(1);
    },
  );

  test("refuses a regenerate without an admin token [check 38]", async () => {
    const request = { method: "POST", clientId: client.clientId, headers: { authorization: "" } } as const;
    await expect(askAdmin(regenerate, services, request)).resolves.toMatchObject({ status: 401 });
    expect(await tokenStatus(client.clientSecret)).toBe(200);
  });
});

describe("concurrent regenerates", () => {
  test("of many concurrent regenerates one wins, the others are 409, and exactly one secret is valid [check 47]", async () => {
    const { promise: all, resolve: start } = Promise.withResolvers<void>();
    let ready = 0;
    services.azure.table.before = ({ name }) => {
      if (name !== "submitTransaction") return;
      if (++ready === 20) start();
      return all;
    };
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask()));
    const won = answers.filter(({ status }) => status === 200);
    expect(won).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(19);
    expect(await tokenStatus(secretOf(won[0]?.body))).toBe(200);
    expect(await tokenStatus(client.clientSecret)).toBe(401);
  });

  test("the answer to a regenerate that lost a race says that its secret is not in place", async () => {
    let first: unknown;
    services.azure.table.before = once("submitTransaction", async () => {
      first = await ask();
    });
    await expect(ask()).resolves.toMatchObject({
      status: 409,
      body: {
        title: "Conflict",
        detail:
          "Someone else has just changed this client, so this secret was not put in place: look at the client before you try again.",
      },
      lines: [{ level: "warn", outcome: "refused", reason: "lost_race" }],
    });
    expect(first).toMatchObject({ status: 200 });
  });

  test.for(["getEntity", "setSecret", "submitTransaction"])(
    "a disable before %s of a regenerate wins and is final [check 48]",
    async (operation) => {
      const { table, secretVault } = services.azure;
      let disabled: unknown;
      const before = once(operation, async () => {
        disabled = await askAdmin(disable, services, { method: "DELETE", clientId: client.clientId });
      });
      table.before = before;
      secretVault.before = before;
      await expect(ask()).resolves.toMatchObject({ status: 409 });
      expect(disabled).toMatchObject({ status: 200, body: { status: "disabled" } });
      expect(row()).toMatchObject({ status: "disabled" });
    },
  );
});

describe("a fault while a secret is regenerated", () => {
  const outcomeUnknown =
    "The outcome is unknown: the change may or may not have been made. Look at the client, then try again.";

  test.for(["setSecret", "getSecret"])(
    "a regenerate that fails at %s leaves the old secret valid [check 50]",
    async (operation) => {
      services.azure.secretVault.before = failing(operation, () => azureError(500));
      await expect(ask()).resolves.toMatchObject({ status: 503, headers: { "Retry-After": "2" } });
      services.azure.secretVault.before = () => undefined;
      expect(await tokenStatus(client.clientSecret)).toBe(200);
    },
  );

  test("answers a regenerate with 200 when the reply to the commit is lost and the retry gets 412 [check 49] [check 55]", async () => {
    services.azure.table.after = failing("submitTransaction", connectionReset, 1);
    const { status, body } = await ask();
    expect(status).toBe(200);
    expect(await tokenStatus(secretOf(body))).toBe(200);
  });

  test("answers a regenerate with 200 when every reply to the commit is lost [check 49]", async () => {
    services.azure.table.after = failing("submitTransaction", connectionReset);
    const { status, body } = await ask();
    expect(status).toBe(200);
    expect(await tokenStatus(secretOf(body))).toBe(200);
  });

  test('answers a regenerate with 503 "nothing was changed" when the commit fails, and the next one succeeds [check 49]', async () => {
    services.azure.table.before = failing("submitTransaction", connectionReset);
    await expect(ask()).resolves.toMatchObject({ status: 503, lines: [{ reason: "change_abandoned" }] });
    services.azure.table.before = () => undefined;
    expect(await tokenStatus(client.clientSecret)).toBe(200);
    const { body } = await ask();
    expect(await tokenStatus(secretOf(body))).toBe(200);
  });

  test('answers a regenerate with 503 "the outcome is unknown" when reply and row are unavailable [check 49]', async () => {
    let committed = false;
    services.azure.table.after = ({ name }) => {
      if (name !== "submitTransaction") return;
      committed = true;
      throw connectionReset();
    };
    services.azure.table.before = ({ name }) => {
      if (name === "getEntity" && committed) throw connectionReset();
    };
    await expect(ask()).resolves.toMatchObject({ status: 503, body: { detail: outcomeUnknown } });
  });

  test.for([403, 500])(
    "answers a regenerate with 200 and raises an alarm when disabling the old vault secret fails with %d [check 50]",
    async (status) => {
      const secretName = row()?.secretName;
      services.azure.secretVault.before = failing("updateSecretProperties", () => azureError(status));
      const answer = await ask();
      expect(answer).toMatchObject({ status: 200 });
      expect(answer.lines).toContainEqual(expect.objectContaining({ level: "error", alarm: "secret_not_locked" }));
      expect(isEnabled(secretName)).toBe(true);
      expect(await tokenStatus(client.clientSecret)).toBe(401);
      expect(await tokenStatus(secretOf(answer.body))).toBe(200);
    },
  );
});
