import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { createClientStore } from "../../shared/clients/client-store.ts";
import type { ClientTable, TablePage, TableWrite } from "../../shared/clients/client-table.ts";
import { newClient } from "../../shared/clients/new-client.ts";
import { createUsageStore } from "../../shared/clients/usage-store.ts";
import { type Client, newClientSchema } from "../../shared/model/client.ts";
import { systemClock } from "../../shared/request/clock.ts";
import { createRetryPolicy } from "../../shared/request/retry.ts";
import { createContext } from "../fakes/fake-context.ts";
import { createFakeTable } from "../fakes/fake-table.ts";
import { startRealClients } from "./real-clients.ts";

const { table: realTable, directTable, usageTable, directUsageTable } = await startRealClients();
const now = new Date("2026-03-27T00:00:00Z");
const secret = (generation: number) => ({
  secretName: `client-secret-${generation}`,
  secretHint: `hint000${generation}`,
});
const author = { adminId: "admin", at: now };

/** The columns of a row that are not the table's own. */
const columns = { partitionKey: "", rowKey: "row", text: "x" };
const newKey = () => `key-${randomBytes(8).toString("hex")}`;
const refusal = (statusCode: number, code: string) =>
  expect.objectContaining({
    statusCode,
    details: expect.objectContaining({ odataError: expect.objectContaining({ code }) }),
  });

/** Returns the columns of a client's history in the order of the table. */
async function historyOf(table: ClientTable, clientId: string): Promise<object[]> {
  const list = table.listEntities({ queryOptions: { filter: `PartitionKey eq '${clientId}'` } });
  const { value = [] } = await list.byPage({ maxPageSize: 100 }).next();
  return (value as TablePage).flatMap(({ partitionKey: _, rowKey, etag: __, timestamp: ___, ...row }) =>
    rowKey.startsWith("change!") ? [row] : [],
  );
}

const tables: [string, ClientTable, ClientTable][] = [
  ["the fake table", createFakeTable(), createFakeTable()],
  ["Azurite through the SDK", realTable, usageTable],
  ["Azurite through direct reads", directTable, directUsageTable],
];

describe.each(tables)("%s", (_name, table) => {
  test("returns what was created, with an etag", async () => {
    const row = { ...columns, partitionKey: newKey(), text: "O'Reilly 😀 \u00e9" };
    await table.createEntity(row);
    await expect(table.getEntity(row.partitionKey, "row")).resolves.toMatchObject({ ...row, etag: expect.any(String) });
  });

  test("takes a key for a key, whatever is in it", async () => {
    const row = { ...columns, partitionKey: `${newKey()}',RowKey='other é%27` };
    await table.createEntity(row);
    await expect(table.getEntity(row.partitionKey, "row")).resolves.toMatchObject(row);
  });

  test("says what is not there, what is there already and what has changed", async () => {
    const row = { ...columns, partitionKey: newKey() };
    await expect(table.getEntity(row.partitionKey, "row")).rejects.toThrow(refusal(404, "ResourceNotFound"));
    await expect(table.updateEntity(row, "Merge", { etag: "*" })).rejects.toThrow(refusal(404, "ResourceNotFound"));
    await table.createEntity(row);
    await expect(table.createEntity(row)).rejects.toThrow(refusal(409, "EntityAlreadyExists"));
    const { etag } = await table.getEntity(row.partitionKey, "row");
    await table.updateEntity({ ...row, text: "y" }, "Merge", { etag });
    await expect(table.updateEntity({ ...row, text: "z" }, "Merge", { etag })).rejects.toThrow(
      refusal(412, "UpdateConditionNotSatisfied"),
    );
    await expect(table.getEntity(row.partitionKey, "row")).resolves.toMatchObject({ text: "y" });
  });

  test("overwrites a changed row under the etag *, the SDK's default that the port makes every caller spell out [check 55]", async () => {
    const row = { ...columns, partitionKey: newKey() };
    await table.createEntity({ ...row, other: "kept" });
    await table.updateEntity({ ...row, text: "y" }, "Merge", { etag: "*" });
    await expect(table.getEntity(row.partitionKey, "row")).resolves.toMatchObject({ text: "y", other: "kept" });
    await table.updateEntity({ ...row, text: "z" }, "Replace", { etag: "*" });
    await expect(table.getEntity(row.partitionKey, "row")).resolves.not.toHaveProperty("other");
  });

  test("lists page by page, each where the one before it ended", async () => {
    const partitionKey = newKey();
    for (const rowKey of ["a", "b", "c", "d", "e"]) await table.createEntity({ ...columns, partitionKey, rowKey });
    const pages: unknown[] = [];
    let continuationToken: string | undefined;
    do {
      const list = table.listEntities({ queryOptions: { filter: `PartitionKey eq '${partitionKey}'` } });
      const settings = { maxPageSize: 2, ...(continuationToken && { continuationToken }) };
      const { value } = await list.byPage(settings).next();
      pages.push(value?.map((row: { rowKey?: string }) => row.rowKey));
      continuationToken = value?.continuationToken;
    } while (continuationToken);
    expect(pages).toEqual([["a", "b"], ["c", "d"], ["e"]]);
  });
});

describe.each(tables.filter(([, table]) => table !== realTable))("a transaction on %s", (_name, table) => {
  test("executes all writes of a transaction or none, and says why [check 51]", async () => {
    const partitionKey = newKey();
    const row = (rowKey: string, text = "x") => ({ ...columns, partitionKey, rowKey, text });
    await table.submitTransaction([
      ["create", row("a")],
      ["create", row("b!1-2")],
    ]);
    const { etag } = await table.getEntity(partitionKey, "a");
    const change = (newEtag: string, inserted: string): TableWrite[] => [
      ["update", row("a", "y"), "Merge", { etag: newEtag }],
      ["create", row(inserted)],
    ];
    await expect(table.submitTransaction(change(etag, "b!1-2"))).rejects.toThrow(refusal(409, "EntityAlreadyExists"));
    await expect(table.getEntity(partitionKey, "a")).resolves.toMatchObject({ text: "x", etag });
    await table.submitTransaction(change(etag, "c"));
    await expect(table.submitTransaction(change(etag, "d"))).rejects.toThrow(
      refusal(412, "UpdateConditionNotSatisfied"),
    );
    await expect(table.getEntity(partitionKey, "d")).rejects.toThrow(refusal(404, "ResourceNotFound"));
    await table.submitTransaction(change("*", "d"));
    await expect(table.getEntity(partitionKey, "d")).resolves.toMatchObject({ text: "x" });
    await expect(table.submitTransaction([["update", row("none"), "Merge", { etag: "*" }]])).rejects.toThrow(
      refusal(404, "ResourceNotFound"),
    );
  });

  test("refuses a transaction with a row twice, or with more than 100 writes", async () => {
    const partitionKey = newKey();
    const create = (rowKey: string): TableWrite => ["create", { ...columns, partitionKey, rowKey }];
    await expect(table.submitTransaction([create("a"), create("a")])).rejects.toThrow(
      refusal(400, "InvalidDuplicateRow"),
    );
    const writes = Array.from({ length: 101 }, (_, i) => create(`row-${i}`));
    await expect(table.submitTransaction(writes)).rejects.toThrow(refusal(400, "InvalidInput"));
    await table.submitTransaction(writes.slice(1));
    await expect(table.getEntity(partitionKey, "row-100")).resolves.toMatchObject({ text: "x" });
    await expect(table.getEntity(partitionKey, "row-0")).rejects.toThrow(refusal(404, "ResourceNotFound"));
  });
});

describe.each(tables)("the store of clients on %s", (_name, table, usage) => {
  const retry = createRetryPolicy(systemClock);
  const usages = createUsageStore(usage, retry);
  const store = createClientStore(table, usages, retry);
  const makeClient = (name = "XSOAR Production", at = now): Client =>
    newClient(newClientSchema.parse({ name, scopes: ["search:read", "graph:read"] }), "socmate", "admin-user-id", at);
  async function insertClient(client = makeClient()) {
    expect(await store.insert(client, secret(1), createContext())).toBe(true);
    const row = await store.find(client.clientId, createContext());
    if (!row) throw new Error("the row is not there");
    return row;
  }

  test("finds nothing where nothing is", async () => {
    await expect(store.find("socmate-unknown-000000", createContext())).resolves.toBeUndefined();
    await expect(store.findWithUse("socmate-unknown-000000", createContext())).resolves.toBeUndefined();
    await expect(store.disable("socmate-unknown-000000", author, createContext())).resolves.toBeUndefined();
  });

  test("finds a client as it was inserted, with the name of its secret and an etag", async () => {
    const client = makeClient("O'Reilly 😀 Überwachung");
    await expect(insertClient(client)).resolves.toEqual({
      ...client,
      ...secret(1),
      secretCreatedAt: client.createdAt,
      secretCreatedBy: client.createdBy,
      replacedSecrets: undefined,
      etag: expect.any(String),
      unknownScopes: [],
      damaged: [],
    });
  });

  test("takes the row of another client for a fault, and raises an alarm", async () => {
    const [asked, other] = [await insertClient(), await insertClient()];
    const getEntity: ClientTable["getEntity"] = (_, ...rest) => table.getEntity(other.clientId, ...rest);
    const listEntities: ClientTable["listEntities"] = () =>
      table.listEntities({ queryOptions: { filter: `PartitionKey eq '${other.clientId}'` } });
    const wrong = createClientStore({ ...table, getEntity, listEntities }, usages, retry);
    const context = createContext();
    await expect(wrong.find(asked.clientId, context)).rejects.toThrow("answer_mismatch: table get");
    await expect(wrong.findWithUse(asked.clientId, context)).rejects.toThrow("answer_mismatch: table list");
    expect(context.alarms).toEqual(["answer_mismatch: table get", "answer_mismatch: table list"]);
  });

  test("takes the use of another client for a fault, and raises an alarm", async () => {
    const [asked, other] = [await insertClient(), await insertClient()];
    await usages.recordUse(asked.clientId, now, createContext());
    const getEntity: ClientTable["getEntity"] = async (...key) => ({
      ...(await usage.getEntity(...key)),
      rowKey: other.clientId,
    });
    const context = createContext();
    const wrong = createUsageStore({ ...usage, getEntity }, retry);
    await expect(wrong.find(asked.clientId, context)).rejects.toThrow("answer_mismatch: table get usage");
    expect(context.alarms).toEqual(["answer_mismatch: table get usage"]);
  });

  test("does not insert a client_id twice, unless it meets its own first try [check 49]", async () => {
    const client = makeClient();
    await insertClient(client);
    await expect(store.insert({ ...client, name: "other" }, secret(2), createContext())).resolves.toBe(false);
    await expect(store.insert(client, secret(1), createContext())).resolves.toBe(true);
    await expect(store.find(client.clientId, createContext())).resolves.toMatchObject({ name: client.name });
  });

  test("replaces a secret once for each version of the row, and nothing else in it [check 47]", async () => {
    const row = await insertClient();
    await expect(store.replaceSecret(row, secret(2), author, createContext())).resolves.toBe(true);
    await expect(store.replaceSecret(row, secret(3), author, createContext())).resolves.toBe(false);
    const { etag, ...found } = (await store.find(row.clientId, createContext())) ?? {};
    expect({ etag: row.etag, ...found }).toEqual({
      ...row,
      ...secret(2),
      secretCreatedAt: "2026-03-27T00:00:00Z",
      secretCreatedBy: "admin",
      replacedSecrets: expect.stringContaining('"hint":"hint0001"'),
    });
    expect(etag).not.toBe(row.etag);
  });

  test("takes its own second try for what it is, not for a lost race [check 49] [check 55]", async () => {
    const row = await insertClient();
    await store.replaceSecret(row, secret(2), author, createContext());
    await expect(store.replaceSecret(row, secret(2), author, createContext())).resolves.toBe(true);
  });

  test("disables whatever happened to the row, and for good [check 48]", async () => {
    const row = await insertClient();
    await store.replaceSecret(row, secret(2), author, createContext());
    const disabled = await store.disable(row.clientId, author, createContext());
    const client = { status: "disabled", secretName: "client-secret-2", name: row.name };
    expect(disabled).toMatchObject({ client, isChanged: true });
    await expect(store.replaceSecret(row, secret(3), author, createContext())).resolves.toBe(false);
    const later = { adminId: "other", at: new Date(now.getTime() + 60_000) };
    const again = await store.disable(row.clientId, later, createContext());
    expect(again).toEqual({ client: disabled?.client, isChanged: false });
    await expect(table.getEntity(row.clientId, "client")).resolves.toMatchObject({
      disabled_by: "admin",
      disabled_at: "2026-03-27T00:00:00Z",
    });
  });

  test("has one row of history for each change, newest first, and none for what changed nothing [check 51]", async () => {
    const client = makeClient();
    const [created, regenerated, disabled] = [createContext(), createContext(), createContext()];
    const at = (second: number) => ({ adminId: "admin", at: new Date(now.getTime() + second * 1_000) });
    await store.insert(client, secret(1), created);
    await store.insert({ ...client, name: "other" }, secret(9), createContext());
    const row = await store.find(client.clientId, createContext());
    if (!row) throw new Error("the row is not there");
    await store.replaceSecret(row, secret(2), at(1), regenerated);
    await store.replaceSecret(row, secret(3), at(2), createContext());
    await store.disable(client.clientId, at(3), disabled);
    await store.disable(client.clientId, at(4), createContext());
    expect(await historyOf(table, client.clientId)).toEqual([
      { action: "disable", at: "2026-03-27T00:00:03Z", by: "admin", request_id: disabled.requestId },
      {
        action: "regenerate",
        at: "2026-03-27T00:00:01Z",
        by: "admin",
        request_id: regenerated.requestId,
        secret_hint: "hint0002",
      },
      {
        action: "create",
        at: "2026-03-27T00:00:00Z",
        by: "admin-user-id",
        request_id: created.requestId,
        name: client.name,
        scopes: "search:read graph:read",
        secret_hint: "hint0001",
      },
    ]);
  });

  test("notes uses in a table of their own, and writes nothing to that of the clients [check 51]", async () => {
    const row = await insertClient();
    await expect(store.findWithUse(row.clientId, createContext())).resolves.toMatchObject({ lastUsedAt: null });
    await usages.recordUse(row.clientId, now, createContext());
    await usages.recordUse(row.clientId, new Date(now.getTime() + 61_500), createContext());
    await expect(store.findWithUse(row.clientId, createContext())).resolves.toMatchObject({
      clientId: row.clientId,
      lastUsedAt: "2026-03-27T00:01:01Z",
    });
    await expect(store.find(row.clientId, createContext())).resolves.toEqual(row);
  });

  test("shows the last use that an earlier release wrote beside the client, until the client is used again", async () => {
    const { clientId } = await insertClient();
    await table.createEntity({ partitionKey: clientId, rowKey: "usage", last_used_at: "2026-01-01T00:00:00Z" });
    const shown = async () => {
      const listed = (await store.list(createContext())).find((client) => client.clientId === clientId);
      return [listed?.lastUsedAt, (await store.findWithUse(clientId, createContext()))?.lastUsedAt];
    };
    expect(await shown()).toEqual(["2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"]);
    await usages.recordUse(clientId, now, createContext());
    expect(await shown()).toEqual(["2026-03-27T00:00:00Z", "2026-03-27T00:00:00Z"]);
  });

  test("lists clients newest first, with their last use", async () => {
    const ids: string[] = [];
    for (const second of [2, 0, 1]) {
      const { clientId } = await insertClient(makeClient("x", new Date(now.getTime() + second * 1_000)));
      ids[second] = clientId;
    }
    await usages.recordUse(ids[1] ?? "", now, createContext());
    const listed = (await store.list(createContext())).filter(({ clientId }) => ids.includes(clientId));
    expect(listed.map(({ clientId, lastUsedAt }) => [clientId, lastUsedAt])).toEqual([
      [ids[2], null],
      [ids[1], "2026-03-27T00:00:00Z"],
      [ids[0], null],
    ]);
  });
});
