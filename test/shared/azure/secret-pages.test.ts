import type { Pipeline } from "@azure/core-rest-pipeline";
import { beforeEach, describe, expect, test } from "vitest";
import { createSecretPageReader } from "../../../shared/azure/secret-pages.ts";

const VAULT = "https://vault.example";
const { signal } = new AbortController();

let asked: string[];
let nextLink: string | null;
const pipeline = {
  sendRequest: async (_client, { url }) => {
    asked.push(url);
    return { status: 200, bodyAsText: JSON.stringify({ value: [], nextLink }) };
  },
} as Pipeline;
const read = createSecretPageReader(pipeline, VAULT);
beforeEach(() => {
  asked = [];
  nextLink = null;
});

const FOREIGN = [
  "https://other.example/secrets?$skiptoken=1",
  "https://vault.example.other.example/secrets",
  "https://vault.example@other.example/secrets",
  "https://vault.example:8443/secrets",
  "http://vault.example/secrets",
  "https://vault.example/secrets/client-secret-0",
  "https://vault.example/keys",
  "//other.example/secrets",
  "/secrets",
  "secrets",
  "",
];

describe("the list of vault secrets", () => {
  test("continues at a page of its own vault", async () => {
    nextLink = `${VAULT}:443/secrets?api-version=7.5&$skiptoken=2`;
    const { next } = await read(undefined, signal);
    await read(next, signal);
    expect(asked).toEqual([`${VAULT}/secrets`, `${VAULT}/secrets?api-version=7.5&$skiptoken=2`]);
  });

  test.for(FOREIGN)("sends no request, and so no token, to the position %j [check 74]", async (position) => {
    await expect(read(position, signal)).rejects.toThrow(RangeError);
    expect(asked).toEqual([]);
  });

  test.for(FOREIGN.filter(Boolean))("does not return %j as the next page", async (link) => {
    nextLink = link;
    await expect(read(undefined, signal)).rejects.toThrow(RangeError);
  });
});
