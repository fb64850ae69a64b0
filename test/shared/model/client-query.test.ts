import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { newClient } from "../../../shared/clients/new-client.ts";
import { type Client, type ClientStatus, newClientSchema } from "../../../shared/model/client.ts";
import { clientQuerySchema, filterClients } from "../../../shared/model/client-query.ts";
import { comparableText, printable } from "../../../shared/model/single-line-text.ts";
import { anyText, spelledDifferently, typedText } from "../../any-text.ts";

function client(name: string, description: string, status: ClientStatus = "active"): Client {
  const input = newClientSchema.parse({ name, description, scopes: ["search:read"] });
  return { ...newClient(input, "socmate", "admin", new Date(0)), status };
}

const clients = [
  client("XSOAR Production", "Palo Alto"),
  client("O'Reilly 100%", "a*b.c (d) [e] \\ $f^"),
  client("Überwachung", "監視チーム 😀 ΟΔΟΣΑ", "disabled"),
];
const names = (query: Record<string, string>) =>
  filterClients(clients, clientQuerySchema.parse(query)).map(({ name }) => name);
const all = clients.map(({ name }) => name);

describe("a search", () => {
  test.for([
    ["xsoar", ["XSOAR Production"]],
    ["PALO", ["XSOAR Production"]],
    ["socmate-", all],
    ["", all],
    ["'", ["O'Reilly 100%"]],
    ["%", ["O'Reilly 100%"]],
    ["*", ["O'Reilly 100%"]],
    [".", ["O'Reilly 100%"]],
    ["b.c (d) [e] \\ $f^", ["O'Reilly 100%"]],
    [".*", []],
    ["' or PartitionKey ne '", []],
    ["x' or '1' eq '1", []],
    ["über", ["Überwachung"]],
    ["U\u0308BER", ["Überwachung"]],
    ["チーム", ["Überwachung"]],
    ["😀", ["Überwachung"]],
    ["οδος", ["Überwachung"]],
    ["x".repeat(10_000), []],
    ["search:read", []],
    ["\u202e", all],
  ] as const)("a search for %j is literal and ignores case [check 35]", ([search, found]) => {
    expect(names({ search })).toEqual(found);
  });

  test("a search for any text finds exactly the clients that show it [check 35]", () => {
    fc.assert(
      fc.property(anyText({ maxLength: 4 }), (search) => {
        const wanted = comparableText(search);
        const shows = ({ name, description, clientId }: Client) =>
          [name, description, clientId].some((text) => comparableText(text).includes(wanted));
        expect(names({ search })).toEqual(clients.filter(shows).map(({ name }) => name));
      }),
    );
  });

  test("finds any row by any part of what is shown of it, in any spelling [check 35]", () => {
    const row = fc.tuple(typedText(), fc.nat(), fc.nat()).chain(([name, from, length]) => {
      const shown = [...new Intl.Segmenter().segment(printable(name))].map(({ segment }) => segment);
      const part = shown.slice(from % (shown.length + 1)).slice(0, length % (shown.length + 1));
      return fc.tuple(fc.constant(name), spelledDifferently(part.join("")));
    });
    fc.assert(
      fc.property(row, ([name, search]) => {
        const written = { ...clients[0], name } as Client;
        expect(filterClients([written], clientQuerySchema.parse({ search }))).toEqual([written]);
      }),
    );
  });
});

test("a status in the query selects the clients of that status", () => {
  expect(names({ status: "disabled" })).toEqual(["Überwachung"]);
  expect(names({ status: "active", search: "o" })).toEqual(["XSOAR Production", "O'Reilly 100%"]);
});

describe("the query of a list", () => {
  test("a list query has defaults", () => {
    expect(clientQuerySchema.parse({})).toEqual({ search: "", limit: 100, offset: 0 });
    expect(clientQuerySchema.parse({ limit: "1000", offset: "999999999" })).toMatchObject({
      limit: 1_000,
      offset: 999_999_999,
    });
  });

  test.for([
    ...["0", "1001", "-1", "1.5", "1e3", "0x10", "", " 1", "٣", "9".repeat(400)].map((limit) => ({ limit })),
    ...["-1", "", "1000000000", "NaN"].map((offset) => ({ offset })),
    ...["", "Active", "deleted", "active,disabled"].map((status) => ({ status })),
  ])("refuses the list query %j", (query) => {
    expect(clientQuerySchema.safeParse(query).error?.issues).toEqual([
      expect.objectContaining({ path: Object.keys(query), message: expect.stringMatching(/^Must be /) }),
    ]);
  });
});
