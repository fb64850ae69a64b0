import { expect, test } from "vitest";
import type { ActiveClient } from "../../../shared/clients/client-row.ts";
import { generateClientSecret } from "../../../shared/clients/client-secret.ts";
import { LastKnownClients } from "../../../shared/tokens/last-known-clients.ts";

const hint = (clientId: string, secretName = "client-secret-1"): ActiveClient => ({
  clientId,
  secretName,
  scopes: ["search:read"],
});

test("a hint is recalled by the secret that it was noted with, and by no other", () => {
  const clients = new LastKnownClients();
  const credentials = { clientId: "socmate-a-000000", clientSecret: generateClientSecret() };
  expect(clients.get(credentials)).toBeUndefined();
  clients.set(hint(credentials.clientId), credentials);
  expect(clients.get(credentials)).toEqual(hint(credentials.clientId));
  expect(clients.get({ ...credentials, clientSecret: generateClientSecret() })).toBeUndefined();
  expect(clients.get({ ...credentials, clientId: "socmate-b-000000" })).toBeUndefined();
});

test("a new generation of the secret replaces the old one", () => {
  const clients = new LastKnownClients();
  const clientId = "socmate-a-000000";
  const [first, second] = [generateClientSecret(), generateClientSecret()];
  clients.set(hint(clientId), { clientId, clientSecret: first });
  clients.set(hint(clientId, "client-secret-2"), { clientId, clientSecret: second });
  expect(clients.get({ clientId, clientSecret: first })).toBeUndefined();
  expect(clients.get({ clientId, clientSecret: second })).toEqual(hint(clientId, "client-secret-2"));
  clients.delete(clientId);
  expect(clients.get({ clientId, clientSecret: second })).toBeUndefined();
});

test("ten thousand clients are remembered, those seen last", () => {
  const clients = new LastKnownClients();
  const clientSecret = generateClientSecret();
  for (let count = 0; count <= 10_000; count++) {
    clients.set(hint(`client-${count}`), { clientId: `client-${count}`, clientSecret });
    if (count === 9_999) clients.set(hint("client-0"), { clientId: "client-0", clientSecret });
  }
  expect(clients.get({ clientId: "client-0", clientSecret })).toBeDefined();
  expect(clients.get({ clientId: "client-1", clientSecret })).toBeUndefined();
  expect(clients.get({ clientId: "client-10000", clientSecret })).toBeDefined();
});
