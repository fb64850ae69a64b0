import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { disable } from "../../functions/disable.ts";
import { regenerate } from "../../functions/regenerate.ts";
import { token } from "../../functions/token.ts";
import { generateClientSecret } from "../../shared/clients/client-secret.ts";
import { azureError } from "../fakes/azure-error.ts";
import { createFakeServices, type FakeServices, type NewApiClient } from "../fakes/fake-services.ts";
import { failing } from "../fakes/hooks.ts";
import { askAdmin, askToken, tokenForm } from "./invoke.ts";

let services: FakeServices;
let other: FakeServices;
let client: NewApiClient;
beforeEach(async () => {
  services = await createFakeServices();
  other = await createFakeServices(services.azure);
  client = await services.addClient();
});

const ask = (more: Record<string, string> = {}) =>
  askToken(token, services, { form: { ...tokenForm(client.clientId, client.clientSecret), ...more } });
const vault = () => {
  const [first] = services.azure.signingVaults;
  if (!first) throw new Error("no vault");
  return first;
};
const signatures = () => vault().operations.filter(({ name }) => name === "signData").length;

/** Holds every read of a row until the returned function is called. */
function holdReads(): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  services.azure.table.before = ({ name }) => (name === "getEntity" ? promise : undefined);
  return resolve;
}

/** Unhandled rejections. */
const unheard: unknown[] = [];
const onUnheard = (error: unknown) => void unheard.push(error);
beforeEach(() => void process.on("unhandledRejection", onUnheard));
afterEach(() => {
  process.off("unhandledRejection", onUnheard);
  expect(unheard.splice(0)).toEqual([]);
});

describe("speculative signing for a client that has had a token", () => {
  beforeEach(async () => {
    await expect(ask()).resolves.toMatchObject({ status: 200 });
  });

  test("signs the next token of a client speculatively while its row is read", async () => {
    const goOn = holdReads();
    const answer = ask();
    await expect.poll(signatures).toBe(2);
    goOn();
    await expect(answer).resolves.toMatchObject({ status: 200 });
    expect(signatures()).toBe(2);
  });

  test("does not answer with a speculative token before the row is read", async () => {
    const goOn = holdReads();
    let answered = false;
    const answer = ask().finally(() => {
      answered = true;
    });
    await expect.poll(signatures).toBe(2);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(answered).toBe(false);
    goOn();
    await answer;
  });

  test.for([
    ["regenerated", regenerate, "POST"],
    ["disabled", disable, "DELETE"],
  ] as const)(
    "refuses a client that was %s on another instance at the cost of one signature [check 45] [check 46]",
    async ([, change, method]) => {
      const { clientId } = client;
      await expect(askAdmin(change, other, { clientId, method })).resolves.toMatchObject({ status: 200 });
      const before = signatures();
      for (let count = 0; count < 3; count++) await expect(ask()).resolves.toMatchObject({ status: 401 });
      expect(signatures() - before).toBe(1);
    },
  );

  test("grants the scopes of the row, not those of the last known client", async () => {
    const row = services.azure.table.rows.get(`${client.clientId}/client`);
    if (row) row.scopes = "incidents:read";
    await expect(ask()).resolves.toMatchObject({ status: 200, body: { scope: "incidents:read" } });
    await expect(ask({ scope: "investigations:read" })).resolves.toMatchObject({
      status: 400,
      body: { error: "invalid_scope" },
    });
    if (row) row.scopes = "incidents:read search:read";
    await expect(ask({ scope: "search:read" })).resolves.toMatchObject({ body: { scope: "search:read" } });
  });

  test("does not sign speculatively for another secret than the last valid one", async () => {
    const form = tokenForm(client.clientId, generateClientSecret());
    await expect(askToken(token, services, { form })).resolves.toMatchObject({ status: 401 });
    expect(signatures()).toBe(1);
  });

  test("issues no token while the table fails, at the cost of one signature", async () => {
    services.azure.table.before = failing("getEntity", () => azureError(500));
    for (let count = 0; count < 3; count++) await expect(ask()).resolves.toMatchObject({ status: 503 });
    expect(signatures()).toBe(2);
  });

  test("answers with the failure of the vault only after the row has authenticated the client", async () => {
    vault().before = failing("signData", () => azureError(500));
    await expect(ask()).resolves.toMatchObject({ status: 503 });
    await askAdmin(disable, other, { clientId: client.clientId, method: "DELETE" });
    await expect(ask()).resolves.toMatchObject({ status: 401 });
  });
});
