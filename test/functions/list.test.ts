import { beforeEach, describe, expect, test } from "vitest";
import { list } from "../../functions/list.ts";
import { azureError } from "../fakes/azure-error.ts";
import { createFakeServices, type FakeServices } from "../fakes/fake-services.ts";
import { failing } from "../fakes/hooks.ts";
import { askAdmin } from "./invoke.ts";

let services: FakeServices;
beforeEach(async () => {
  services = await createFakeServices();
});

interface Listed {
  clients: { client_id: string; name: string }[];
  total: number;
}

const ask = (query: Record<string, string> = {}) =>
  askAdmin(list, services, { url: `http://127.0.0.1/?${new URLSearchParams(query)}` });
const listed = async (query: Record<string, string> = {}) => (await ask(query)).body as Listed;

describe("the list of clients", () => {
  test("the list is empty without clients", async () => {
    await expect(ask()).resolves.toMatchObject({
      status: 200,
      headers: { "Content-Type": "application/json", "Cache-Control": "no-store" },
      body: { clients: [], total: 0 },
    });
  });

  test("the list shows a client as the product's documentation does, without secret or hash [check 30] [check 37]", async () => {
    const { client, clientId, clientSecret } = await services.addClient();
    services.usage.record(clientId, new Date("2026-03-27T10:30:00Z"));
    await services.usage.flush();
    const { body } = await ask({ search: "XSOAR" });
    expect(JSON.stringify(body)).toBe(
      JSON.stringify({
        clients: [
          {
            id: client.id,
            client_id: clientId,
            name: "XSOAR Production",
            description: "Palo Alto XSOAR integration for automated investigation",
            status: "active",
            scopes: ["investigations:read", "investigations:write", "incidents:read"],
            created_by: "admin-user-id",
            created_at: "2026-03-27T00:00:00Z",
            last_used_at: "2026-03-27T10:30:00Z",
          },
        ],
        total: 1,
      }),
    );
    expect(JSON.stringify(body)).not.toContain(clientSecret);
    expect(JSON.stringify(body)).not.toMatch(/client-secret-|v1:/);
  });

  test("the list has the newest client first, and total counts the matches on all pages", async () => {
    for (const name of ["first", "second", "third", "other"]) {
      await services.addClient({ name, description: name === "other" ? "" : "match" });
      services.azure.clock.advance(1);
    }
    const names = ({ clients }: Listed) => clients.map(({ name }) => name);
    expect(names(await listed())).toEqual(["other", "third", "second", "first"]);
    const page = await listed({ search: "MATCH", limit: "2", offset: "1" });
    expect(names(page)).toEqual(["second", "first"]);
    expect(page.total).toBe(3);
    expect(await listed({ offset: "4" })).toEqual({ clients: [], total: 4 });
  });

  test("the list has the clients of the requested status alone", async () => {
    const { clientId } = await services.addClient();
    await services.addClient();
    const row = services.azure.table.rows.get(`${clientId}/client`);
    Object.assign(row ?? {}, { status: "disabled" });
    expect(await listed({ status: "disabled" })).toMatchObject({ clients: [{ client_id: clientId }], total: 1 });
    expect((await listed({ status: "active" })).total).toBe(1);
  });

  test("the list has all of 2,500 clients, although a page of the table has a thousand rows [check 36]", async () => {
    const { table } = services.azure;
    const { clientId } = await services.addClient();
    const template = table.rows.get(`${clientId}/client`);
    if (!template) throw new Error("no row");
    for (let i = 1; i < 2_500; i++) {
      const partitionKey = `socmate-client-${i}-000000`;
      const id = `${template.id}`.slice(0, 12) + i.toString(16).padStart(12, "0");
      table.rows.set(`${partitionKey}/client`, { ...template, partitionKey, id });
      if (i % 2)
        table.rows.set(`${partitionKey}/usage`, {
          partitionKey,
          rowKey: "usage",
          etag: "e",
          last_used_at: "2026-03-27T00:00:00Z",
        });
    }
    const pages = await Promise.all(["0", "1000", "2000"].map((offset) => listed({ limit: "1000", offset })));
    expect(pages.map(({ total }) => total)).toEqual([2_500, 2_500, 2_500]);
    const ids = pages.flatMap(({ clients }) => clients.map((client) => client.client_id));
    expect(new Set(ids).size).toBe(2_500);
    const used = pages
      .flatMap(({ clients }) => clients)
      .filter((client) => "last_used_at" in client && client.last_used_at);
    expect(used).toHaveLength(1_250);
  });

  test.for([["'"], ["%"], ["*"], ["' or PartitionKey ne 'x"], [".*"], ["x".repeat(10_000)], ["\u0000"]])(
    "the list is searched literally and not by the table: %.30j [check 35]",
    async ([search = ""]) => {
      await services.addClient();
      expect(await listed({ search })).toEqual({ clients: [], total: 0 });
    },
  );
});

test("the list treats a query parameter without a value as absent", async () => {
  const { clientId } = await services.addClient();
  const answer = await listed({ search: "", status: "", limit: "", offset: "" });
  expect(answer).toMatchObject({ clients: [{ client_id: clientId }], total: 1 });
});

describe("a refused or failed list", () => {
  test("refuses a list query with faults and names each of them", async () => {
    const answer = await ask({ limit: "0", offset: "x", status: "deleted", foo: "bar" });
    expect(answer.status).toBe(400);
    expect(answer.body).toEqual({
      type: "about:blank",
      title: "Bad Request",
      status: 400,
      detail: "The query has 4 faults: correct what errors names.",
      errors: [
        { field: "status", detail: "Must be one of: active, disabled." },
        { field: "limit", detail: "Must be a whole number from 1 to 1000." },
        { field: "offset", detail: "Must be a whole number from 0 to 999999999." },
        { field: "foo", detail: "Is not a parameter of this request: remove it." },
      ],
    });
  });

  test("refuses a list without an admin token [check 38]", async () => {
    const answer = await askAdmin(list, services, { headers: { authorization: "" } });
    expect(answer).toMatchObject({ status: 401, headers: { "WWW-Authenticate": "Bearer" } });
    expect(services.azure.table.operations).toEqual([]);
  });

  test.for([429, 500])("answers a list with 503 while the table answers %d [check 41]", async (status) => {
    services.azure.table.before = failing("listEntities", () => azureError(status));
    await expect(ask()).resolves.toMatchObject({ status: 503, headers: { "Retry-After": "2" } });
  });
});
