import { describe, expect, test } from "vitest";
import { generateClientSecret, hashClientSecret } from "../../shared/clients/client-secret.ts";
import { createClientStore } from "../../shared/clients/client-store.ts";
import { newClient } from "../../shared/clients/new-client.ts";
import type { ReadSecretPage } from "../../shared/clients/secret-pages.ts";
import { createSecretStore } from "../../shared/clients/secret-store.ts";
import { createSweeper } from "../../shared/clients/sweep.ts";
import { createSweepStateStore } from "../../shared/clients/sweep-state.ts";
import { createUsageStore } from "../../shared/clients/usage-store.ts";
import { createRetryPolicy } from "../../shared/request/retry.ts";
import { createClock } from "../fakes/fake-clock.ts";
import { createContext } from "../fakes/fake-context.ts";
import { createFakeSecretVault } from "../fakes/fake-secret-vault.ts";
import { createFakeTable } from "../fakes/fake-table.ts";
import { startRealClients } from "./real-clients.ts";

const DAY_MS = 24 * 3_600_000;
const clock = createClock();
const real = await startRealClients(() => clock.now().getTime());
const fakeVault = createFakeSecretVault(clock.now);

describe.each([
  [
    "the fakes",
    {
      table: createFakeTable(),
      vault: fakeVault,
      readPage: fakeVault.readPage,
      vaultUrl: "https://secrets.example",
    },
  ],
  [
    "Azurite and the local vault through the SDKs",
    {
      table: real.table,
      vault: real.secretVault,
      readPage: real.readSecretPage,
      vaultUrl: real.secretVault.vaultUrl,
    },
  ],
])("a sweep on %s", (_name, { table, vault, readPage, vaultUrl }) => {
  const retry = createRetryPolicy(clock);
  const clients = createClientStore(table, createUsageStore(createFakeTable(), retry), retry);
  const secrets = createSecretStore(vault, retry, clock);
  const state = createSweepStateStore(table, retry);
  const sweeper = (through: ReadSecretPage = readPage) =>
    createSweeper({ clients, secrets, readPage: through, state, retry, clock });
  const put = (clientId: string) =>
    secrets.put(clientId, hashClientSecret(clientId, generateClientSecret()), createContext());

  test("goes through the vault page by page, tells dead secrets from live ones, and goes on where it stopped", async () => {
    const client = newClient({ name: "A", description: "", scopes: ["search:read"] }, "socmate", "admin", clock.now());
    const live = await put(client.clientId);
    expect(await clients.insert(client, { secretName: live, secretHint: "abcdefgh" }, createContext())).toBe(true);
    const dead: string[] = [];
    while (dead.length < 60) dead.push(await put(client.clientId));
    clock.advance(DAY_MS);

    // The time is over after the first page.
    const slow: ReadSecretPage = async (...page) => {
      clock.skip(3 * 60_000);
      return readPage(...page);
    };
    const listed = (await readPage(undefined, new AbortController().signal)).secrets;
    expect(listed.map(({ expiresAt }) => expiresAt)).toEqual(listed.map(() => undefined));
    const reports = [await sweeper(slow).run(createContext()), await sweeper().run(createContext())];
    expect(reports).toMatchObject([
      { secrets: 50, complete: false },
      { secrets: 11, complete: true },
    ]);
    expect(reports.reduce((sum, { disabled }) => sum + disabled, 0)).toBe(60);
    await expect(secrets.stateOf(live, createContext())).resolves.toBe("enabled");
    for (const name of dead) await expect(secrets.stateOf(name, createContext())).resolves.toBe("disabled");
    await expect(sweeper().run(createContext())).resolves.toEqual({
      secrets: 61,
      disabled: 0,
      broken: 0,
      complete: true,
    });
  });

  test.for([
    ["of another vault", "https://other.vault.azure.net/secrets?$skiptoken=1"],
    ["with the vault as user name", (url: string) => `${url.replace("//", "//x@")}.other.example/secrets?$skiptoken=1`],
    ["at another path of the vault", (url: string) => `${url}/keys?$skiptoken=1`],
    ["without TLS", (url: string) => `${url.replace("https", "http")}/secrets?$skiptoken=1`],
    ["that the vault does not know", (url: string) => `${url}/secrets?$skiptoken=gone`],
    ["that is no URL", "\u0000"],
    ["that is far too long", "x".repeat(30_000)],
  ] as const)("starts over after a stored position %s [check 74]", async ([, position]) => {
    await state.save({ position: typeof position === "string" ? position : position(vaultUrl) }, createContext());
    const context = createContext();
    await expect(sweeper().run(context)).resolves.toMatchObject({ secrets: 61, complete: true });
    expect(context.alarms).toEqual([]);
  });
});
