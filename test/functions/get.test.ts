import { beforeEach, describe, expect, test } from "vitest";
import { get } from "../../functions/get.ts";
import { clientView } from "../../shared/model/client.ts";
import { connectionReset } from "../fakes/azure-error.ts";
import { createFakeServices, type FakeServices } from "../fakes/fake-services.ts";
import { failing } from "../fakes/hooks.ts";
import { askAdmin } from "./invoke.ts";

let services: FakeServices;
beforeEach(async () => {
  services = await createFakeServices();
});
const ask = (clientId: string) => askAdmin(get, services, { clientId });

describe("one client", () => {
  test("shows a client as in the list, without its secret [check 37]", async () => {
    await services.addClient();
    const { client, clientId } = await services.addClient();
    const answer = await ask(clientId);
    expect(answer).toMatchObject({
      status: 200,
      headers: { "Content-Type": "application/json", "Cache-Control": "no-store" },
      lines: [{ level: "info", event: "get", client_id: clientId, outcome: "success" }],
    });
    expect(answer.body).toEqual(clientView({ ...client, lastUsedAt: null, unknownScopes: [], damaged: [] }));
  });

  test("shows a client with its last use", async () => {
    const { clientId } = await services.addClient();
    services.usage.record(clientId, services.clock.now());
    await services.usage.flush();
    await expect(ask(clientId)).resolves.toMatchObject({ body: { last_used_at: "2026-03-27T00:00:00Z" } });
  });

  test("answers a get of an unknown client with 404 [check 40]", async () => {
    const answer = await ask("socmate-unknown-000000");
    expect(answer).toMatchObject({ status: 404, headers: { "Content-Type": "application/problem+json" } });
    expect(answer.body).toEqual({
      type: "about:blank",
      title: "Not Found",
      status: 404,
      detail: "There is no API client with this client_id.",
    });
  });

  test.for(["..", "a/b", "x' or '1' eq '1", "SOCMATE-A-000000", "a".repeat(1_024), "\0", ""])(
    "answers a get of the malformed client_id %.20j with 404 without a call to the table [check 52]",
    async (clientId) => {
      const answer = await ask(clientId);
      expect(answer.status).toBe(404);
      expect(answer.lines).toEqual([expect.not.objectContaining({ client_id: expect.anything() })]);
      expect(services.azure.table.operations).toEqual([]);
    },
  );

  test("refuses a get of a known or unknown client without an admin token [check 38]", async () => {
    const { clientId } = await services.addClient();
    for (const id of [clientId, "socmate-unknown-000000", ".."]) {
      await expect(askAdmin(get, services, { clientId: id, headers: { authorization: "" } })).resolves.toMatchObject({
        status: 401,
      });
    }
  });

  test("answers a get with 503 while the table is down [check 41]", async () => {
    services.azure.table.before = failing("listEntities", connectionReset);
    await expect(ask("socmate-unknown-000000")).resolves.toMatchObject({
      status: 503,
      headers: { "Retry-After": "2" },
    });
  });
});
