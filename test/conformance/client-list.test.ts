import { TableClient } from "@azure/data-tables";
import { expect, test } from "vitest";
import { z } from "zod";
import { trustCertificate } from "../../local/azure/certificate.ts";
import type { Stack } from "../../local/stack.ts";
import { problem } from "../support/answers.ts";
import { bodyOf } from "../support/http.ts";
import { startTestService } from "../support/test-service.ts";

const { stack, admin } = await startTestService();
const COUNT = 2_500;
/** The names of the first clients; all others are called `Bulk` and a number. */
const NAMES = [
  "O'Brien",
  "100% sure",
  "a*b",
  "x.y+z(1)[2]{3}^$|\\",
  "' or 1 eq 1 or name eq '",
  "Zürich",
  "İstanbul",
  "🚀 SOAR",
  "snow_man",
  "search=x&limit=1#y",
  "Case CASE case",
  "<b>&amp;</b>",
];
await insertClients(stack, COUNT);

const listSchema = z.object({
  clients: z.array(z.object({ client_id: z.string(), name: z.string(), status: z.enum(["active", "disabled"]) })),
  total: z.int(),
});
const list = async (query: Record<string, string> = {}) => {
  const answer = await admin("GET", `?${new URLSearchParams(query)}`);
  expect(answer.status, answer.text).toBe(200);
  return listSchema.parse(bodyOf(answer));
};

/** Writes rows past the service, as many administrators would have over the years. Each client is a partition, so no batch can. */
async function insertClients({ settings, identity, certificate }: Stack, count: number): Promise<void> {
  trustCertificate(certificate);
  const getToken = async () => ({
    token: identity.token("https://storage.azure.com"),
    expiresOnTimestamp: Date.now() + 3_600_000,
  });
  const table = new TableClient(settings.TABLES_URL ?? "", "apiclients", { getToken });
  const numbers = Array.from({ length: count }, (_, number) => number).values();
  const insertMore = async () => {
    for (const number of numbers) {
      await table.createEntity({
        partitionKey: `socmate-bulk-${String(number).padStart(6, "0")}`,
        rowKey: "client",
        id: number.toString(16).padStart(24, "0"),
        name: NAMES[number] ?? `Bulk ${number}`,
        description: "Made for the test of long lists",
        status: number % 5 === 0 ? "disabled" : "active",
        scopes: "search:read",
        created_by: "admin",
        created_at: "2026-03-27T00:00:00Z",
        secretName: `client-secret-${number.toString(16).padStart(32, "0")}`,
      });
    }
  };
  await Promise.all(Array.from({ length: 32 }, insertMore));
}

test("[check 36] lists 2,500 clients in pages, newest first, each once, with the right total", async () => {
  const clientIds: string[] = [];
  for (let offset = 0; offset < COUNT; offset += 1_000) {
    const { clients, total } = await list({ limit: "1000", offset: String(offset) });
    expect(total).toBe(COUNT);
    clientIds.push(...clients.map((client) => client.client_id));
  }
  expect(clientIds).toEqual(
    Array.from({ length: COUNT }, (_, index) => `socmate-bulk-${String(COUNT - 1 - index).padStart(6, "0")}`),
  );
});

test("lists 100 clients by default, and none beyond the end of the list", async () => {
  expect((await list()).clients).toHaveLength(100);
  expect(await list({ limit: "1", offset: "2499" })).toMatchObject({
    clients: [{ client_id: "socmate-bulk-000000" }],
    total: COUNT,
  });
  expect(await list({ offset: "2500" })).toEqual({ clients: [], total: COUNT });
  expect(await list({ offset: "999999999" })).toEqual({ clients: [], total: COUNT });
});

test("filters the list of clients by status, and counts the matches", async () => {
  const { clients, total } = await list({ status: "disabled", limit: "1000" });
  expect(total).toBe(500);
  expect(clients.map(({ status }) => status)).toEqual(Array(500).fill("disabled"));
  // Bulk 24, Bulk 240 to 249 and Bulk 2400 to 2499, less those whose number is a multiple of five.
  expect((await list({ status: "active", search: "bulk 24", limit: "1" })).total).toBe(1 + 8 + 80);
});

test.for([
  ["limit", "0", "Must be a whole number from 1 to 1000."],
  ["limit", "1001", "Must be a whole number from 1 to 1000."],
  ["limit", "-1", "Must be a whole number from 1 to 1000."],
  ["limit", "1.5", "Must be a whole number from 1 to 1000."],
  ["limit", "1e2", "Must be a whole number from 1 to 1000."],
  ["limit", "١٠", "Must be a whole number from 1 to 1000."],
  ["limit", "0x10", "Must be a whole number from 1 to 1000."],
  ["offset", "-1", "Must be a whole number from 0 to 999999999."],
  ["offset", "1000000000", "Must be a whole number from 0 to 999999999."],
  ["offset", "NaN", "Must be a whole number from 0 to 999999999."],
  ["status", "ACTIVE", "Must be one of: active, disabled."],
] as const)("refuses a list of clients by %s=%s", async ([field, value, detail]) => {
  expect(await admin("GET", `?${new URLSearchParams({ [field]: value })}`)).toEqual(
    problem(400, "The query has a fault: correct what errors names.", [{ field, detail }]),
  );
});

const searches: [string, string[]][] = [
  ["'", ["' or 1 eq 1 or name eq '", "O'Brien"]],
  ["o'BRIEN", ["O'Brien"]],
  ["' or 1 eq 1 or name eq '", ["' or 1 eq 1 or name eq '"]],
  ["' or PartitionKey ge '", []],
  ["100%", ["100% sure"]],
  ["%", ["100% sure"]],
  ["%25", []],
  ["*", ["a*b"]],
  [".*", []],
  ["a.b", []],
  ["x.y+z(1)[2]{3}^$|\\", ["x.y+z(1)[2]{3}^$|\\"]],
  ["(", ["x.y+z(1)[2]{3}^$|\\"]],
  ["[a-z]", []],
  ["\\", ["x.y+z(1)[2]{3}^$|\\"]],
  ["_", ["snow_man"]],
  ["zÜRICH", ["Zürich"]],
  ["zu\u0308rich", ["Zürich"]],
  ["İSTANBUL", ["İstanbul"]],
  ["🚀", ["🚀 SOAR"]],
  ["\ud83d", []],
  ["&limit=1#y", ["search=x&limit=1#y"]],
  ["case CASE", ["Case CASE case"]],
  ["&AMP;", ["<b>&amp;</b>"]],
  ["\0", []],
  ["a\r\nb", []],
  ["socmate-bulk-000005", ["Zürich"]],
  ["Bulk 2499", ["Bulk 2499"]],
  // About as much as the platform lets through in a request line.
  ["x".repeat(8_000), []],
];
const shortened = searches.map(([search, names]) => [search.slice(0, 30), search, names] as const);

test.for(shortened)("[check 35] searches for %j literally and in any case", async ([, search, names]) => {
  const { clients, total } = await list({ search });
  expect(clients.map(({ name }) => name).toSorted()).toEqual(names.toSorted());
  expect(total).toBe(names.length);
});

test("[check 35] finds every client by an empty search, and searches descriptions too", async () => {
  expect((await list({ search: "" })).total).toBe(COUNT);
  expect((await list({ search: "MADE FOR the test" })).total).toBe(COUNT);
});
