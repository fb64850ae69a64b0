import { beforeEach, describe, expect, test } from "vitest";
import { disable } from "../../functions/disable.ts";
import { get } from "../../functions/get.ts";
import { list } from "../../functions/list.ts";
import { regenerate } from "../../functions/regenerate.ts";
import { token } from "../../functions/token.ts";
import { createContext } from "../fakes/fake-context.ts";
import { createFakeServices, type FakeServices, type NewApiClient } from "../fakes/fake-services.ts";
import { expectDocumented } from "../support/openapi.ts";
import { askAdmin, askToken, tokenForm } from "./invoke.ts";

/** What a column may hold that this release has not written, by column: too long, and from a later release. */
const COLUMNS = {
  id: ["6".repeat(25), "01JQZ6"],
  name: ["x".repeat(101), "x".repeat(32_000)],
  description: ["x".repeat(501), "x".repeat(32_000)],
  status: ["active".repeat(5_000), "suspended"],
  scopes: ["search:read ".repeat(2_500), "reports:read"],
  created_by: ["x".repeat(129), "x".repeat(32_000)],
  created_at: ["2026-03-27T00:00:00.000000000Z", "2026-99-99T00:00:00Z"],
  secretName: [`client-secret-${"0".repeat(200)}`, "https://other.vault.example/secrets/client-secret-0"],
  last_used_at: ["2026-03-27T00:00:00.000000000Z", "+012026-03-27T00:00:00Z"],
};
type Column = keyof typeof COLUMNS;
const ABSENT = { missing: undefined, empty: "", "a number": 7, "a truth value": true, "a time": new Date(0) };

const CASES = Object.entries(COLUMNS).flatMap(([column, [tooLong, later]]) =>
  Object.entries({ ...ABSENT, "too long": tooLong, "of a later release": later })
    // An empty description is a good one.
    .filter(([form]) => column !== "description" || form !== "empty")
    .map(([form, value]) => [column as Column, form, value] as const),
);
/** The columns without which no token can be issued. */
const DECIDING: readonly string[] = ["status", "scopes", "secretName"];

let services: FakeServices;
let good: NewApiClient;
let damaged: NewApiClient;
beforeEach(async () => {
  services = await createFakeServices();
  good = await services.addClient({ name: "Good" });
  services.azure.clock.advance(1);
  damaged = await services.addClient({ name: "Damaged" });
  services.usage.record(damaged.clientId, services.clock.now());
  await services.usage.flush();
});

const rowOf = ({ clientId }: NewApiClient, rowKey = "client") => {
  const { table, usageTable } = services.azure;
  const usage = [...usageTable.rows.values()].find((row) => row.rowKey === clientId);
  const row = rowKey === "usage" ? usage : table.rows.get(`${clientId}/${rowKey}`);
  if (!row) throw new Error("no row");
  return row;
};
function damage(column: string, value: unknown): void {
  const row = rowOf(damaged, column === "last_used_at" ? "usage" : "client");
  if (value === undefined) delete row[column];
  else row[column] = value;
}

interface Listed {
  clients: { client_id: string; [member: string]: unknown }[];
  total: number;
}
const listOf = async (query = "") => {
  const answer = await askAdmin(list, services, { url: `http://127.0.0.1/?${query}` });
  expect(answer.status).toBe(200);
  expectDocumented("listApiClients", { status: answer.status, ...answer.asSent });
  const { clients } = answer.body as Listed;
  return { ...answer, client: clients.find(({ client_id }) => client_id === damaged.clientId), clients };
};
const alarmsIn = ({ lines }: { lines: Record<string, unknown>[] }) => lines.filter(({ alarm }) => alarm);
const ask = ({ clientId, clientSecret }: NewApiClient, scope?: string) =>
  askToken(token, services, { form: { ...tokenForm(clientId, clientSecret), ...(scope && { scope }) } });
const remove = () => askAdmin(disable, services, { method: "DELETE", clientId: damaged.clientId });

describe.each(CASES)("a row whose %s is %s", (column, form, value) => {
  beforeEach(() => damage(column, value));

  test(`with ${column} ${form}, a client is listed as damaged in ${column}, and the others as they are [check 70]`, async () => {
    const { clients, client } = await listOf();
    expect(clients).toHaveLength(2);
    expect(clients.find(({ client_id }) => client_id === good.clientId)).toMatchObject({ name: "Good" });
    expect(clients.find(({ client_id }) => client_id === good.clientId)).not.toHaveProperty("damaged");
    expect(client?.damaged).toEqual([column]);
    const alone = await askAdmin(get, services, { clientId: damaged.clientId });
    expect(alone).toMatchObject({ status: 200, body: client });
    expectDocumented("getApiClient", { status: alone.status, ...alone.asSent });
    // Text that other programs have written is not in an answer, unless it has the usual form.
    if (typeof value === "string" && value) expect(client?.[column]).not.toBe(value);
  });

  test(`with ${column} ${form}, a client gets its tokens, or 503 where the column decides, and never 401 [check 70]`, async () => {
    await expect(ask(good)).resolves.toMatchObject({ status: 200 });
    const answer = await ask(damaged);
    if (!DECIDING.includes(column)) return expect(answer.status).toBe(200);
    expect(answer).toMatchObject({ status: 503, body: { error: "temporarily_unavailable" } });
    expect(answer.lines).toMatchObject([{ alarm: "row_damaged" }, { reason: "row_damaged", note: column }]);
  });

  test(`with ${column} ${form}, a client can be disabled for good [check 70]`, async () => {
    await expect(remove()).resolves.toMatchObject({ status: 200, body: { status: "disabled" } });
    await expect(ask(damaged)).resolves.toMatchObject({ status: 401, body: { error: "invalid_client" } });
    expect((await listOf("status=disabled")).client).toMatchObject({ status: "disabled" });
  });

  test(`with ${column} ${form}, a row does not stop the sweep, and the sweep spares the client's vault secret [check 70]`, async () => {
    const names = [...services.azure.secretVault.secrets.keys()];
    services.azure.clock.advance(48 * 3_600_000);
    const report = { secrets: 2, disabled: 0, broken: 0, complete: true };
    await expect(services.sweeper.run(createContext())).resolves.toEqual(report);
    const isEnabled = (name: string) => services.azure.secretVault.secrets.get(name)?.at(-1)?.properties.enabled;
    expect(names.map(isEnabled)).toEqual([true, true]);
  });

  test(`with ${column} ${form}, a row raises one alarm, which names the column and not its value, however often it is read`, async () => {
    const answers = [await listOf(), await listOf(), await askAdmin(get, services, { clientId: damaged.clientId })];
    answers.push(await ask(damaged), await ask(damaged));
    const reason = `the row of ${damaged.clientId} cannot be read in: ${column}`;
    expect(answers.flatMap(alarmsIn)).toMatchObject([{ alarm: "row_damaged", reason }]);
  });
});

describe("a scope that this release does not know", () => {
  beforeEach(() => damage("scopes", "search:read reports:read graph:read"));

  test("an unknown stored scope is shown apart from the scopes that tokens have [check 71]", async () => {
    expect((await listOf()).client).toMatchObject({
      scopes: ["search:read", "graph:read"],
      unknown_scopes: ["reports:read"],
      damaged: ["scopes"],
    });
  });

  test("an unknown stored scope is never granted, and the known ones are [check 71]", async () => {
    await expect(ask(damaged)).resolves.toMatchObject({ status: 200, body: { scope: "search:read graph:read" } });
    await expect(ask(damaged, "graph:read")).resolves.toMatchObject({ status: 200, body: { scope: "graph:read" } });
    for (const scope of ["reports:read", "search:read reports:read"]) {
      await expect(ask(damaged, scope)).resolves.toMatchObject({ status: 400, body: { error: "invalid_scope" } });
    }
  });

  test("an unknown stored scope outlives a regenerate, for the release that knows it", async () => {
    const answer = await askAdmin(regenerate, services, { method: "POST", clientId: damaged.clientId });
    expect(answer.status).toBe(200);
    expect(rowOf(damaged).scopes).toBe("search:read reports:read graph:read");
  });

  test("a stored word is not shown if it may be a client secret or is not printable", async () => {
    damage("scopes", `search:read ${damaged.clientSecret} a\u202eb`);
    const { client } = await listOf();
    expect(client).toMatchObject({ scopes: ["search:read"], damaged: ["scopes"] });
    expect(client).not.toHaveProperty("unknown_scopes");
  });
});

test("a row with every column damaged is listed with its client id and members of the usual form [check 70]", async () => {
  for (const column of Object.keys(COLUMNS)) damage(column, undefined);
  expect((await listOf()).client).toEqual({
    id: "000000000000000000000000",
    client_id: damaged.clientId,
    name: "",
    description: "",
    status: "active",
    scopes: [],
    created_by: "",
    created_at: "1970-01-01T00:00:00Z",
    last_used_at: null,
    damaged: Object.keys(COLUMNS),
  });
  await expect(remove()).resolves.toMatchObject({ status: 200 });
});

test("a client whose status cannot be read is listed among the active ones, and not as disabled", async () => {
  damage("status", "suspended");
  expect((await listOf("status=active")).client).toBeDefined();
  expect((await listOf("status=disabled")).client).toBeUndefined();
});

test("a row in a partition that is no client id is reported and not listed, and its key is not logged", async () => {
  services.azure.table.rows.set("Not\na client/client", { ...rowOf(good), partitionKey: "Not\na client" });
  const answer = await listOf();
  expect(answer.clients).toHaveLength(2);
  expect(alarmsIn(answer)).toMatchObject([
    { reason: "the row of a partition that is no client id cannot be read in: PartitionKey" },
  ]);
});

test("an instance raises a hundred alarms of damaged rows at most", async () => {
  for (let i = 0; i < 150; i++) {
    const partitionKey = `socmate-client-${i}`;
    services.azure.table.rows.set(`${partitionKey}/client`, { ...rowOf(good), partitionKey, status: "suspended" });
  }
  const alarms = alarmsIn(await listOf());
  expect(alarms).toHaveLength(100);
  expect(alarms.at(-1)?.reason).toMatch(/; this instance reports no more rows$/);
  expect(alarmsIn(await listOf())).toEqual([]);
});

describe("a regenerate of a damaged client", () => {
  const renew = () => askAdmin(regenerate, services, { method: "POST", clientId: damaged.clientId });

  test("a regenerate heals a row that names no vault secret", async () => {
    damage("secretName", "");
    const { status, body } = await renew();
    expect(status).toBe(200);
    const { client_secret: clientSecret } = body as { client_secret: string };
    await expect(ask({ ...damaged, clientSecret })).resolves.toMatchObject({ status: 200 });
  });

  test("refuses a regenerate while the status cannot be read, and makes no secret", async () => {
    damage("status", "suspended");
    const answer = await renew();
    expect(answer).toMatchObject({ status: 409, headers: expect.not.objectContaining({ "Retry-After": "2" }) });
    expect(answer.lines.at(-1)).toMatchObject({ outcome: "refused", reason: "row_damaged" });
    expect(services.azure.secretVault.secrets.size).toBe(2);
  });
});
