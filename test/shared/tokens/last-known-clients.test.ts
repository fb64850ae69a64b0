import { expect, test } from "vitest";
import { generateClientSecret } from "../../../shared/clients/client-secret.ts";
import { type KnownClient, LastKnownClients } from "../../../shared/tokens/last-known-clients.ts";

const hint = (clientId: string, secretName = "client-secret-1"): KnownClient => ({
  clientId,
  secretName,
  scopes: ["search:read"],
});

test("a hint is recalled by the secret that it was noted with, and by no other", () => {
  const hints = new LastKnownClients();
  const credentials = { clientId: "socmate-a-000000", clientSecret: generateClientSecret() };
  expect(hints.recall(credentials)).toBeUndefined();
  hints.note(hint(credentials.clientId), credentials);
  expect(hints.recall(credentials)).toEqual(hint(credentials.clientId));
  expect(hints.recall({ ...credentials, clientSecret: generateClientSecret() })).toBeUndefined();
  expect(hints.recall({ ...credentials, clientId: "socmate-b-000000" })).toBeUndefined();
});

test("a new generation of the secret replaces the old one", () => {
  const hints = new LastKnownClients();
  const clientId = "socmate-a-000000";
  const [first, second] = [generateClientSecret(), generateClientSecret()];
  hints.note(hint(clientId), { clientId, clientSecret: first });
  hints.note(hint(clientId, "client-secret-2"), { clientId, clientSecret: second });
  expect(hints.recall({ clientId, clientSecret: first })).toBeUndefined();
  expect(hints.recall({ clientId, clientSecret: second })).toEqual(hint(clientId, "client-secret-2"));
  hints.forget(clientId);
  expect(hints.recall({ clientId, clientSecret: second })).toBeUndefined();
});

test("ten thousand clients are remembered, those seen last", () => {
  const hints = new LastKnownClients();
  const clientSecret = generateClientSecret();
  for (let count = 0; count <= 10_000; count++) {
    hints.note(hint(`client-${count}`), { clientId: `client-${count}`, clientSecret });
    if (count === 9_999) hints.note(hint("client-0"), { clientId: "client-0", clientSecret });
  }
  expect(hints.recall({ clientId: "client-0", clientSecret })).toBeDefined();
  expect(hints.recall({ clientId: "client-1", clientSecret })).toBeUndefined();
  expect(hints.recall({ clientId: "client-10000", clientSecret })).toBeDefined();
});
