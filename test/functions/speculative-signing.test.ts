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

/** Lets every read of a row wait until it is told to go on. */
function holdReads(): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  services.azure.table.before = ({ name }) => (name === "getEntity" ? promise : undefined);
  return resolve;
}

/** What went wrong where nobody was waiting any more. */
const unheard: unknown[] = [];
const onUnheard = (error: unknown) => void unheard.push(error);
beforeEach(() => void process.on("unhandledRejection", onUnheard));
afterEach(() => {
  process.off("unhandledRejection", onUnheard);
  expect(unheard.splice(0)).toEqual([]);
});

describe("a client that has got a token before", () => {
  beforeEach(async () => {
    await expect(ask()).resolves.toMatchObject({ status: 200 });
  });

  test("has the next one signed while its row is read, and gets it when the row is there", async () => {
    const goOn = holdReads();
    const answer = ask();
    await expect.poll(signatures).toBe(2);
    goOn();
    await expect(answer).resolves.toMatchObject({ status: 200 });
    expect(signatures()).toBe(2);
  });

  test("waits for its row, however soon the signature is there", async () => {
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
    "is refused as soon as it is %s elsewhere, for the price of one signature [check 45] [check 46]",
    async ([, change, method]) => {
      const { clientId } = client;
      await expect(askAdmin(change, other, { clientId, method })).resolves.toMatchObject({ status: 200 });
      const before = signatures();
      for (let count = 0; count < 3; count++) await expect(ask()).resolves.toMatchObject({ status: 401 });
      expect(signatures() - before).toBe(1);
    },
  );

  test("gets the scopes of the row and not those that are remembered", async () => {
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

  test("is not signed for when somebody presents another secret", async () => {
    const form = tokenForm(client.clientId, generateClientSecret());
    await expect(askToken(token, services, { form })).resolves.toMatchObject({ status: 401 });
    expect(signatures()).toBe(1);
  });

  test("gets nothing while the table fails, and costs one signature in all", async () => {
    services.azure.table.before = failing("getEntity", () => azureError(500));
    for (let count = 0; count < 3; count++) await expect(ask()).resolves.toMatchObject({ status: 503 });
    expect(signatures()).toBe(2);
  });

  test("is told of a vault that fails only if the row is its own", async () => {
    vault().before = failing("signData", () => azureError(500));
    await expect(ask()).resolves.toMatchObject({ status: 503 });
    await askAdmin(disable, other, { clientId: client.clientId, method: "DELETE" });
    await expect(ask()).resolves.toMatchObject({ status: 401 });
  });
});
