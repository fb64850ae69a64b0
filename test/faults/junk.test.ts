import { expect, test } from "vitest";
import { token } from "../../functions/token.ts";
import { createFakeServices } from "../fakes/fake-services.ts";
import { askToken, tokenForm } from "../functions/invoke.ts";
import { JUNK_CLIENT_IDS, JUNK_SECRET } from "./junk-credentials.ts";

test("5,000 requests with junk credentials reach no store and do not disturb other requests [check 52]", async () => {
  const services = await createFakeServices();
  const { table, usageTable, secretVault } = services.azure;
  const client = await services.addClient();
  const ask = (clientId: string, clientSecret: string) =>
    askToken(token, services, { form: tokenForm(clientId, clientSecret) });
  const calls = () => [table, usageTable, secretVault].reduce((sum, { operations }) => sum + operations.length, 0);

  const before = calls();
  for (let i = 0; i < 5_000; i++) {
    const clientId = JUNK_CLIENT_IDS[i % JUNK_CLIENT_IDS.length] ?? "";
    const answer = i % 2 === 0 ? await ask(clientId, JUNK_SECRET) : await ask(client.clientId, clientId);
    expect(answer.status).toBe(401);
  }
  expect(calls()).toBe(before);
  expect((await ask(client.clientId, client.clientSecret)).status).toBe(200);
});

test("a thousand tokens of one client in a minute cost a row read each, one hash read and one write of the use", async () => {
  const services = await createFakeServices();
  const { table, usageTable, secretVault, clock } = services.azure;
  const { clientId, clientSecret } = await services.addClient();
  const count = (name: string, operations: readonly { name: string }[]) =>
    operations.filter((operation) => operation.name === name).length;
  table.operations.length = 0;
  secretVault.operations.length = 0;
  for (let i = 0; i < 1_000; i++) {
    const answer = await askToken(token, services, { form: tokenForm(clientId, clientSecret) });
    expect(answer.status).toBe(200);
    // The first use is written after the answer.
    if (i === 0) await expect.poll(() => count("createEntity", usageTable.operations)).toBe(1);
    clock.advance(59);
  }
  await services.usage.flush();
  expect(count("getEntity", table.operations)).toBe(1_000);
  expect(count("getSecret", secretVault.operations)).toBe(1);
  // The first update fails, since the row does not exist yet. The second one is the flush.
  expect(count("updateEntity", usageTable.operations)).toBe(2);
  expect(count("createEntity", usageTable.operations)).toBe(1);
});
