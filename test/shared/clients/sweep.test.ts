import { beforeEach, describe, expect, test } from "vitest";
import { generateClientSecret, hashClientSecret } from "../../../shared/clients/client-secret.ts";
import type { SweepReport } from "../../../shared/clients/sweep.ts";
import { vaultError } from "../../fakes/azure-error.ts";
import { createContext, type FakeContext } from "../../fakes/fake-context.ts";
import { createFakeServices, type FakeServices, type NewApiClient } from "../../fakes/fake-services.ts";
import { failing } from "../../fakes/hooks.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

let services: FakeServices;
let client: NewApiClient;
let context: FakeContext;
beforeEach(async () => {
  services = await createFakeServices();
  client = await services.addClient();
  context = createContext();
});

const run = () => services.sweeper.run(context);
const rowOf = ({ clientId }: NewApiClient) => {
  const row = services.azure.table.rows.get(`${clientId}/client`);
  if (!row) throw new Error("no such row");
  return row;
};
const nameOf = (of: NewApiClient) => String(rowOf(of).secretName);
const isEnabled = (name: string) => services.azure.secretVault.secrets.get(name)?.at(-1)?.properties.enabled;

/** Writes a secret that is never committed. */
async function orphan(clientId = client.clientId): Promise<string> {
  return services.secrets.put(clientId, hashClientSecret(clientId, generateClientSecret()), createContext());
}

async function setEnabled(name: string, enabled: boolean): Promise<void> {
  const version = services.azure.secretVault.secrets.get(name)?.at(-1)?.properties.version ?? "";
  await services.azure.secretVault.updateSecretProperties(name, version, { enabled });
}

describe("the sweep disables", () => {
  test("the sweep disables an orphaned secret a day after it was written and not before", async () => {
    const name = await orphan();
    services.azure.clock.advance(DAY_MS - 1_000);
    await expect(run()).resolves.toEqual({ secrets: 2, disabled: 0, broken: 0, complete: true });
    services.azure.clock.advance(1_000);
    await expect(run()).resolves.toEqual({ secrets: 2, disabled: 1, broken: 0, complete: true });
    expect([isEnabled(name), isEnabled(nameOf(client))]).toEqual([false, true]);
    expect(context.alarms).toEqual([]);
  });

  test("the sweep disables the secret of a disabled client immediately", async () => {
    rowOf(client).status = "disabled";
    await expect(run()).resolves.toMatchObject({ disabled: 1 });
    expect(isEnabled(nameOf(client))).toBe(false);
    await expect(run()).resolves.toMatchObject({ disabled: 0, broken: 0 });
  });

  test("the sweep does not disable a secret that the row names when it is read again", async () => {
    const name = await orphan();
    services.azure.clock.advance(DAY_MS);
    // The row is changed after all rows are listed, which the protocol rules out.
    services.azure.secretVault.before = ({ name: method }) => {
      if (method === "listPropertiesOfSecrets") rowOf(client).secretName = name;
    };
    await expect(run()).resolves.toMatchObject({ disabled: 0, broken: 0 });
    expect(isEnabled(name)).toBe(true);
  });

  test("the sweep does not disable a secret of another application", async () => {
    await services.azure.secretVault.setSecret("database-password", "x");
    services.azure.clock.advance(DAY_MS);
    await expect(run()).resolves.toMatchObject({ secrets: 1, disabled: 0 });
    expect(isEnabled("database-password")).toBe(true);
  });

  test("the sweep disables an orphaned secret without a tag or with the tag of an unknown client", async () => {
    const names = [await orphan("socmate-never-created"), await orphan()];
    const untagged = services.azure.secretVault.secrets.get(names[1] ?? "")?.[0];
    if (untagged) untagged.properties.tags = {};
    services.azure.clock.advance(DAY_MS);
    await expect(run()).resolves.toMatchObject({ disabled: 2 });
    expect(names.map(isEnabled)).toEqual([false, false]);
  });
});

describe("the sweep of a wrong table", () => {
  test("the sweep raises an alarm and disables nothing if the table has no client", async () => {
    services.azure.table.rows.clear();
    services.azure.clock.advance(DAY_MS);
    await expect(run()).resolves.toMatchObject({ disabled: 0 });
    expect(isEnabled(services.azure.secretVault.secrets.keys().next().value ?? "")).toBe(true);
    expect(context.alarms).toEqual(["sweep_stopped: too many client secrets belong to no client in the table"]);
  });

  test("the sweep raises an alarm and disables a hundred orphaned secrets at most", async () => {
    for (let i = 0; i < 120; i++) await orphan(`socmate-of-another-table-${i}`);
    services.azure.clock.advance(DAY_MS);
    await expect(run()).resolves.toMatchObject({ secrets: 121, disabled: 100 });
    expect(context.alarms).toHaveLength(1);
  });
});

describe("the sweep of active clients", () => {
  test("the sweep reports an active client with a disabled secret and does not repair it", async () => {
    await setEnabled(nameOf(client), false);
    await expect(run()).resolves.toMatchObject({ broken: 1, disabled: 0 });
    expect(context.alarms).toEqual([
      `secret_disabled: the vault secret of the active client ${client.clientId} is disabled`,
    ]);
    expect(isEnabled(nameOf(client))).toBe(false);
  });

  test("the sweep reports an active client with a missing secret", async () => {
    services.azure.secretVault.secrets.delete(nameOf(client));
    await expect(run()).resolves.toMatchObject({ broken: 1 });
    expect(context.alarms).toEqual([
      `secret_missing: the vault secret of the active client ${client.clientId} is missing`,
    ]);
  });

  test("the sweep does not report a client whose secret is replaced during the run", async () => {
    const old = nameOf(client);
    const next = await orphan();
    services.azure.secretVault.before = ({ name: method }) => {
      if (method !== "listPropertiesOfSecrets") return;
      rowOf(client).secretName = next;
      const locked = services.azure.secretVault.secrets.get(old)?.[0];
      if (locked) locked.properties.enabled = false;
    };
    await expect(run()).resolves.toMatchObject({ broken: 0 });
    expect(context.alarms).toEqual([]);
  });

  test("the sweep fails, without a report, when a secret cannot be read, and the next run goes on", async () => {
    services.azure.secretVault.secrets.delete(nameOf(client));
    services.azure.secretVault.before = failing("getSecret", () => vaultError(403, "Forbidden", "ForbiddenByRbac"));
    await expect(run()).rejects.toThrow("vault get secret: 403");
    services.azure.secretVault.before = () => undefined;
    await expect(run()).resolves.toMatchObject({ broken: 1, complete: true });
  });
});

describe("expiry dates of hashes", () => {
  const Days = 30;
  const expiryOf = (name: string) => services.azure.secretVault.secrets.get(name)?.at(-1)?.properties.expiresOn;
  const daysLeft = (name: string) => (Number(expiryOf(name)) - services.azure.clock.now().getTime()) / DAY_MS;
  const withExpiry = async () => {
    services = await createFakeServices(services.azure, { secretHashExpiryDays: Days });
  };

  test("a hash has no expiry date by default, after a sweep neither", async () => {
    await run();
    expect(expiryOf(nameOf(client))).toBeUndefined();
  });

  test("a hash gets its expiry date when it is written, and the sweep never lets it come near", async () => {
    await withExpiry();
    client = await services.addClient();
    const name = nameOf(client);
    expect(daysLeft(name)).toBe(Days);
    for (let day = 0; day < 3 * Days; day++) {
      services.azure.clock.advance(DAY_MS);
      await run();
      expect(daysLeft(name)).toBeGreaterThanOrEqual(Days / 2);
    }
    const renewals = services.azure.secretVault.operations.filter(
      (operation) => operation.name === "updateSecretProperties" && operation.target === name,
    );
    expect(renewals).toHaveLength(6);
    expect(isEnabled(name)).toBe(true);
  });

  test("the sweep gives a date to the hashes that were written before the setting, and renews an expired one", async () => {
    await withExpiry();
    await run();
    expect(daysLeft(nameOf(client))).toBe(Days);
    services.azure.clock.advance(2 * Days * DAY_MS);
    await run();
    expect(daysLeft(nameOf(client))).toBe(Days);
  });

  test("the sweep renews no secret of a disabled client, no orphaned one and none of another application", async () => {
    await withExpiry();
    const orphaned = await orphan();
    rowOf(client).status = "disabled";
    await services.azure.secretVault.setSecret("database-password", "x");
    services.azure.clock.advance(Days * DAY_MS);
    await run();
    for (const name of [orphaned, nameOf(client)]) expect(isEnabled(name)).toBe(false);
    expect(expiryOf("database-password")).toBeUndefined();
    const updates = services.azure.secretVault.operations.filter(({ name }) => name === "updateSecretProperties");
    expect(updates).toHaveLength(2);
  });

  test("a vault that refuses the date costs one alarm a run, and the sweep goes on", async () => {
    await services.addClient();
    const orphaned = await orphan();
    await withExpiry();
    services.azure.clock.advance(DAY_MS);
    services.azure.secretVault.before = ({ name, target }) => {
      if (name === "updateSecretProperties" && target !== orphaned) throw vaultError(403, "Forbidden");
    };
    await expect(run()).resolves.toEqual({ secrets: 3, disabled: 1, broken: 0, complete: true });
    expect(context.alarms).toEqual([expect.stringMatching(/^azure_refused: vault renew secret: 403/)]);
  });
});

test("the sweep examines twenty thousand secrets page by page, in several runs on different instances", {
  timeout: 120_000,
}, async () => {
  const { secretVault, clock } = services.azure;
  const createdOn = clock.now();
  for (let i = 0; i < 20_000; i++) {
    const name = `client-secret-${String(i).padStart(32, "0")}`;
    const properties = {
      name,
      vaultUrl: "",
      enabled: i % 100 === 0,
      createdOn,
      tags: { client_id: client.clientId },
      version: "1",
    };
    secretVault.secrets.set(name, [{ name, value: "", properties }]);
  }
  clock.advance(DAY_MS);
  // A page takes a second, so that a run of four minutes reads 240 of 801 pages.
  secretVault.before = ({ name }) => {
    if (name === "listPropertiesOfSecrets") clock.advance(1_000);
  };
  const reports: SweepReport[] = [];
  do {
    const instance = await createFakeServices(services.azure);
    reports.push(await instance.sweeper.run(context));
  } while (!reports.at(-1)?.complete);
  expect(reports.map(({ secrets }) => secrets)).toEqual([6_000, 6_000, 6_000, 2_001]);
  expect(reports.reduce((sum, { disabled }) => sum + disabled, 0)).toBe(200);
  expect(isEnabled(nameOf(client))).toBe(true);
  expect(context.alarms).toEqual([]);
});
