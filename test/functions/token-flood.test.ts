import { beforeEach, describe, expect, test } from "vitest";
import { regenerate } from "../../functions/regenerate.ts";
import { token } from "../../functions/token.ts";
import { SCOPES } from "../../shared/model/scopes.ts";
import { createContext } from "../fakes/fake-context.ts";
import { createFakeServices, type FakeServices, type NewApiClient } from "../fakes/fake-services.ts";
import { type Answer, askAdmin, askToken, tokenForm } from "./invoke.ts";

let services: FakeServices;
let client: NewApiClient;
beforeEach(async () => {
  services = await createFakeServices();
  client = await services.addClient();
});

const ask = ({ clientId, clientSecret } = client, scope = "") =>
  askToken(token, services, { form: { ...tokenForm(clientId, clientSecret), scope } });

/** Asks for many tokens concurrently; the distinct ones that were answered. */
async function flood(size: number, scope?: string): Promise<Set<string>> {
  const answers = await Promise.all(Array.from({ length: size }, () => ask(client, scope)));
  expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
  return new Set(answers.map(({ body }) => (body as { access_token: string }).access_token));
}

describe("a client that asks for a token per call of the API", () => {
  test("always gets one, and costs ten signatures at first and one a second from there", async () => {
    const tokens = await flood(200);
    expect(tokens.size).toBe(10);
    for (let seconds = 0; seconds < 5; seconds++) {
      services.azure.clock.advance(1_000);
      for (const accessToken of await flood(50)) tokens.add(accessToken);
    }
    expect(tokens.size).toBe(15);
    expect(services.azure.signingVaults[0]?.operations.filter(({ name }) => name === "signData")).toHaveLength(15);
  });

  test("has its row read and its use noted every time all the same, and its log says what was given again", async () => {
    await flood(20);
    services.azure.table.operations.length = 0;
    const { lines, body } = await ask();
    expect(services.azure.table.operations).toMatchObject([{ name: "getEntity", target: `${client.clientId}/client` }]);
    expect(lines).toMatchObject([
      { outcome: "success", client_id: client.clientId, jti: expect.any(String), reused: true },
    ]);
    expect(JSON.stringify(lines)).not.toContain((body as { access_token: string }).access_token);
  });

  test("is refused before anything is signed where it asks for many scope sets, and told when to come back", async () => {
    const scopeSets = Array.from({ length: 31 }, (_, index) =>
      SCOPES.filter((_scope, bit) => ((index + 1) >> bit) % 2),
    );
    const wide = await services.addClient({ scopes: [...SCOPES] });
    const answers: Answer[] = [];
    for (const scopes of scopeSets) answers.push(await ask(wide, scopes.join(" ")));
    expect(answers.map(({ status }) => status)).toEqual([...Array(20).fill(200), ...Array(11).fill(503)]);
    const refused = answers.at(-1);
    expect(refused?.headers["Retry-After"]).toBe("1");
    expect(refused?.body).toMatchObject({ error: "temporarily_unavailable" });
    expect(refused?.lines).toMatchObject([
      { outcome: "refused", client_id: wide.clientId, reason: "client_over_allowance" },
    ]);
    expect(services.azure.signingVaults[0]?.operations.filter(({ name }) => name === "signData")).toHaveLength(20);
  });

  test("gets other tokens for other scopes", async () => {
    const all = await flood(30);
    const some = await flood(30, "incidents:read");
    expect([all.size, some.size]).toEqual([10, 1]);
    expect(new Set([...all, ...some]).size).toBe(11);
  });

  test("gets none from the moment that it is disabled", async () => {
    await flood(30);
    await services.clients.disable(client.clientId, { adminId: "admin", at: services.clock.now() }, createContext());
    await expect(ask()).resolves.toMatchObject({ status: 401 });
  });

  test("gets none for its old secret from the moment that a new one is made, and a new token for that", async () => {
    const before = await flood(30);
    const { body } = await askAdmin(regenerate, services, { method: "POST", clientId: client.clientId });
    await expect(ask()).resolves.toMatchObject({ status: 401 });
    const { client_secret: clientSecret } = body as { client_secret: string };
    const after = await ask({ ...client, clientSecret });
    expect(after.status).toBe(200);
    expect(before).not.toContain((after.body as { access_token: string }).access_token);
  });

  test("gets none for a wrong secret, however much it asks", async () => {
    await flood(30);
    const stranger = await services.addClient();
    const guesses = await Promise.all(
      Array.from({ length: 30 }, () => ask({ ...client, clientSecret: stranger.clientSecret })),
    );
    expect(guesses.map(({ status }) => status)).toEqual(Array(30).fill(401));
  });
});
