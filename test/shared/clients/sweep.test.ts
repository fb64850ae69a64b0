import { beforeEach, describe, expect, test } from "vitest";
import { generateClientSecret, hashClientSecret } from "../../../shared/clients/client-secret.ts";
import { createSweeper, type SweepReport } from "../../../shared/clients/sweep.ts";
import { createSweepStateStore } from "../../../shared/clients/sweep-state.ts";
import { createRetryPolicy } from "../../../shared/request/retry.ts";
import { azureError, vaultError } from "../../fakes/azure-error.ts";
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

describe("a sweep in which a secret cannot be examined", () => {
  /** Makes the reads of one vault secret fail. */
  const breakSecret = (broken: string) => {
    services.azure.secretVault.before = ({ name, target }) => {
      if (name === "getSecret" && target === broken) throw vaultError(403, "Forbidden", "ForbiddenByRbac");
    };
  };

  test("the sweep disables all other orphaned secrets, and then fails", async () => {
    const names = [await orphan(), await orphan(), await orphan()].toSorted();
    services.azure.clock.advance(DAY_MS);
    breakSecret(names[0] ?? "");
    await expect(run()).rejects.toThrow("vault get secret: 403");
    expect(names.map(isEnabled)).toEqual([true, false, false]);
  });

  test("the sweep gets past a page on which every secret fails, and continues behind it", async () => {
    for (let i = 0; i < 60; i++) await orphan();
    services.azure.clock.advance(DAY_MS);
    const names = [...services.azure.secretVault.secrets.keys()].filter((name) => name !== nameOf(client)).toSorted();
    const broken = new Set(names.slice(0, 20));
    services.azure.secretVault.before = ({ name, target }) => {
      if (name === "getSecret" && broken.has(target)) throw vaultError(403, "Forbidden", "ForbiddenByRbac");
    };
    await expect(run()).rejects.toThrow("vault get secret: 403");
    await expect(run()).resolves.toMatchObject({ complete: true });
    expect(names.filter(isEnabled)).toEqual([...broken]);
  });
});

describe("a stored state of the sweep", () => {
  const setState = (columns: object) =>
    services.azure.table.rows.set("sweep/position", {
      partitionKey: "sweep",
      rowKey: "position",
      etag: "e",
      ...columns,
    });

  test.for([403, 404, 429, 500])(
    "the sweep starts over if the vault answers a stored position with %d [check 74]",
    async (status) => {
      for (let i = 0; i < 30; i++) await orphan();
      const { secretVault, table } = services.azure;
      const { next } = await secretVault.readPage(undefined, context.signal);
      setState({ position: next });
      let isFirst = true;
      const instance = createSweeper({
        ...services,
        readPage: (position, signal) => {
          if (position === next && isFirst) throw azureError(status);
          isFirst &&= position !== undefined;
          return secretVault.readPage(position, signal);
        },
        state: createSweepStateStore(table, createRetryPolicy(services.clock)),
        retry: createRetryPolicy(services.clock),
      });
      await expect(instance.run(context)).resolves.toMatchObject({ secrets: 31, complete: true });
    },
  );

  test.for([
    {},
    { position: 7, failed_runs: "x", ended_at: "" },
    { position: "", failed_runs: -1, ended_at: "2999-01-01T00:00:00Z" },
    { position: null, failed_runs: 1e300, ended_at: new Date(0) },
  ])("the sweep treats the state %j as none [check 74]", async (columns) => {
    setState(columns);
    await expect(run()).resolves.toMatchObject({ secrets: 1, complete: true });
    expect(context.alarms).toEqual([]);
  });

  test("the sweep runs without its state if the row cannot be read", async () => {
    services.azure.table.before = ({ target }) => {
      if (target === "sweep/position" && services.azure.table.operations.length < 4) throw azureError(500);
    };
    await expect(run()).resolves.toMatchObject({ secrets: 1, complete: true });
  });
});

describe("the alarm of a failing sweep", () => {
  const fail = async (instance = services) => {
    services.azure.secretVault.before = failing("listPropertiesOfSecrets", () => vaultError(503, "Unavailable"));
    await expect(instance.sweeper.run(context)).rejects.toThrow("vault list secrets: 503");
    services.azure.secretVault.before = () => undefined;
  };
  const threeFailed = "sweep_failing: 3 runs in a row have failed";
  const overdue = "sweep_failing: no run has reached the end of the list for a day";

  test("three failed runs in a row raise an alarm, on whatever instances they ran [check 74]", async () => {
    await fail();
    await fail(await createFakeServices(services.azure));
    expect(context.alarms).toEqual([]);
    await fail(await createFakeServices(services.azure));
    expect(context.alarms).toEqual([threeFailed]);
  });

  test("a run that succeeds ends the row of failed runs", async () => {
    for (let i = 0; i < 2; i++) await fail();
    await run();
    for (let i = 0; i < 2; i++) await fail();
    expect(context.alarms).toEqual([]);
  });

  test("three failed runs raise an alarm although the table keeps no record of them", async () => {
    services.azure.table.before = () => {
      throw azureError(500);
    };
    for (let i = 0; i < 3; i++) await expect(run()).rejects.toThrow("table list: 500");
    expect(context.alarms).toEqual([threeFailed]);
  });

  test("a sweep that does not reach the end of the list for a day raises an alarm in every run [check 74]", async () => {
    for (let i = 0; i < 30; i++) await orphan();
    // The time of a run is over after its first page, and the position is lost before the next run.
    const endless = async () => {
      services.azure.secretVault.before = ({ name }) => {
        if (name === "listPropertiesOfSecrets") services.azure.clock.skip(5 * 60_000);
      };
      await expect(run()).resolves.toMatchObject({ complete: false });
      Object.assign(services.azure.table.rows.get("sweep/position") ?? {}, { position: "" });
    };
    await endless();
    services.azure.clock.advance(DAY_MS - 20 * 60_000);
    await endless();
    expect(context.alarms).toEqual([]);
    services.azure.clock.advance(30 * 60_000);
    await endless();
    await endless();
    expect(context.alarms).toEqual([overdue, overdue]);
    services.azure.secretVault.before = () => undefined;
    await expect(run()).resolves.toMatchObject({ complete: true });
    await fail();
    expect(context.alarms).toHaveLength(2);
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
