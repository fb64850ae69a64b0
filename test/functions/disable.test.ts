import { beforeEach, describe, expect, test } from "vitest";
import { disable } from "../../functions/disable.ts";
import { regenerate } from "../../functions/regenerate.ts";
import { azureError, connectionReset } from "../fakes/azure-error.ts";
import { createFakeServices, type FakeServices, type NewApiClient } from "../fakes/fake-services.ts";
import { failing, once } from "../fakes/hooks.ts";
import { askAdmin } from "./invoke.ts";

let services: FakeServices;
let client: NewApiClient;
beforeEach(async () => {
  services = await createFakeServices();
  client = await services.addClient();
});

const ask = (clientId = client.clientId) => askAdmin(disable, services, { method: "DELETE", clientId });
const row = () => services.azure.table.rows.get(`${client.clientId}/client`);
const rowKeys = () => [...services.azure.table.rows.values()].map(({ rowKey }) => rowKey);
const disabled = () => ({ client_id: client.clientId, status: "disabled" });

describe("a client", () => {
  test("records the time and the administrator of a disable and changes no other column", async () => {
    const before = { ...row() };
    services.azure.clock.advance(3_600_000);
    const answer = await ask();
    expect(answer).toMatchObject({
      status: 200,
      headers: { "Content-Type": "application/json", "Cache-Control": "no-store" },
      lines: [
        {
          level: "info",
          event: "disable",
          client_id: client.clientId,
          outcome: "success",
          actor: "10ca1000-0000-4000-8000-00000000000a",
        },
      ],
    });
    expect(answer.body).toEqual(disabled());
    expect(row()).toEqual({
      ...before,
      etag: expect.any(String),
      status: "disabled",
      disabled_at: "2026-03-27T01:00:00Z",
      disabled_by: "10ca1000-0000-4000-8000-00000000000a",
    });
  });

  test("disables the vault secret as well, so that a restored table does not revive the client", async () => {
    await ask();
    const [secret] = services.azure.secretVault.secrets.get(String(row()?.secretName)) ?? [];
    expect(secret?.properties.enabled).toBe(false);
  });

  test("answers a repeated disable in the same way and keeps the first time and administrator [check 40]", async () => {
    const first = await ask();
    const after = { ...row() };
    services.azure.clock.advance(60_000);
    const rows = rowKeys();
    const second = await ask();
    expect([first, second].map(({ lines }) => lines.map(({ outcome }) => outcome))).toEqual([
      ["success"],
      ["unchanged"],
    ]);
    expect(rowKeys()).toEqual(rows);
    expect([second.status, second.headers, second.body]).toEqual([first.status, first.headers, first.body]);
    expect(row()).toEqual(after);
  });

  test.for(["socmate-unknown-000000", "..", "A"])(
    "answers a disable of the unknown client %s with 404 [check 40]",
    async (clientId) => {
      await expect(ask(clientId)).resolves.toMatchObject({
        status: 404,
        body: { detail: "There is no API client with this client_id." },
      });
      expect(rowKeys()).toEqual(["client", expect.stringMatching(/^change!/)]);
    },
  );

  test("a disable overtaken by a regenerate disables the client and the new secret as well [check 48]", async () => {
    let regenerated: unknown;
    services.azure.table.before = once("submitTransaction", async () => {
      regenerated = await askAdmin(regenerate, services, { method: "POST", clientId: client.clientId });
    });
    await expect(ask()).resolves.toMatchObject({ status: 200, body: disabled() });
    expect(regenerated).toMatchObject({ status: 200 });
    expect(row()).toMatchObject({ status: "disabled" });
    const secrets = [...services.azure.secretVault.secrets.values()].flat();
    expect(secrets.map(({ properties }) => properties.enabled)).toEqual([false, false]);
  });

  test("refuses a disable without an admin token [check 38]", async () => {
    const request = { method: "DELETE", clientId: client.clientId, headers: { authorization: "" } } as const;
    await expect(askAdmin(disable, services, request)).resolves.toMatchObject({ status: 401 });
    expect(row()).toMatchObject({ status: "active" });
  });
});

describe("a fault while a client is disabled", () => {
  test("answers a disable with 200 by the row when every reply to the commit is lost [check 49]", async () => {
    services.azure.table.after = failing("submitTransaction", connectionReset);
    await expect(ask()).resolves.toMatchObject({ status: 200, body: disabled() });
  });

  test.for([
    ["nothing was changed", "the commit fails", "submitTransaction", "change_abandoned"],
    ["the outcome is unknown", "the row cannot be read after it", "getEntity", "outcome_unknown"],
  ] as const)(
    'answers a disable with 503 "%s" when %s, and the next one heals [check 49] [check 50]',
    async ([, , operation, reason]) => {
      let reads = 0;
      services.azure.table.before = ({ name }) => {
        if (name === operation && (name !== "getEntity" || ++reads > 1)) throw connectionReset();
      };
      await expect(ask()).resolves.toMatchObject({ status: 503, lines: [{ reason }] });
      services.azure.table.before = () => undefined;
      await expect(ask()).resolves.toMatchObject({ status: 200, body: disabled() });
    },
  );

  test("answers a disable with 503 and changes nothing when the row cannot be read [check 41]", async () => {
    services.azure.table.before = failing("getEntity", () => azureError(500));
    await expect(ask()).resolves.toMatchObject({ status: 503, headers: { "Retry-After": "2" } });
    expect(row()).toMatchObject({ status: "active" });
  });

  test("raises an alarm when a disable leaves the vault secret enabled, and a repeated one disables it [check 50]", async () => {
    const secret = () => services.azure.secretVault.secrets.get(String(row()?.secretName))?.at(-1);
    services.azure.secretVault.before = failing("updateSecretProperties", connectionReset);
    const answer = await ask();
    expect(answer).toMatchObject({
      status: 200,
      body: disabled(),
      lines: [{ alarm: "secret_not_locked" }, { outcome: "success" }],
    });
    expect(secret()?.properties.enabled).toBe(true);
    services.azure.secretVault.before = () => undefined;
    await ask();
    expect(secret()?.properties.enabled).toBe(false);
  });
});
