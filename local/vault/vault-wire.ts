import { z } from "zod";
import { vaultError } from "./vault-error.ts";
import type { Page, Version } from "./vault-objects.ts";

const PAGE_SIZE = 25;

/** A request to a vault, taken apart. */
export interface VaultCall {
  readonly body: unknown;
  readonly query: URLSearchParams;
  /** `https://<host>` as the client wrote it: whatever stands in between stays in between. */
  readonly base: string;
  readonly name: string;
  readonly version: string | undefined;
}

/**
 * What a vault does, by method, collection, "name" and action: `"GET secrets name versions"`. An operation that returns
 * nothing is answered 204.
 */
export type VaultOperations = Readonly<Record<string, (call: VaultCall) => unknown>>;

const unixSeconds = z.int().min(0);

/** The members of a request body that secrets and keys share. */
export const commonBody = z.object({
  attributes: z.object({ enabled: z.boolean(), nbf: unixSeconds, exp: unixSeconds }).partial().default({}),
  tags: z.record(z.string(), z.string()).optional(),
});

/** Reads the body of a request. Throws Key Vault's answer to a bad one. */
export function parseBody<Schema extends z.ZodType>(schema: Schema, { body }: VaultCall): z.infer<Schema> {
  const { data, error } = schema.safeParse(body);
  if (error) {
    const { path, message } = error.issues[0] ?? { path: [], message: "" };
    throw vaultError(400, "BadParameter", `Property ${path.join(".")}: ${message}`);
  }
  return data;
}

/** What the body says of a version's attributes and tags. */
export function attributesFrom({ attributes, tags }: z.infer<typeof commonBody>) {
  return { ...attributes, ...(tags && { tags }) };
}

/** The attributes of a version as Key Vault writes them. */
export function attributesOf({ enabled, nbf, exp, created, updated }: Version<unknown>): object {
  return { enabled, nbf, exp, created, updated, recoveryLevel: "Recoverable+Purgeable", recoverableDays: 90 };
}

/** Answers a listing with the page that the request asks for; `address` is the listing's own. */
export function answerPage<Item>(
  address: string,
  query: URLSearchParams,
  read: (from: number, size: number) => Page<Item>,
  write: (item: Item) => object,
): object {
  const size = Number(query.get("maxresults") ?? PAGE_SIZE);
  if (!Number.isInteger(size) || size < 1 || size > PAGE_SIZE) {
    throw vaultError(400, "BadParameter", `maxresults must be between 1 and ${PAGE_SIZE}.`);
  }
  const { items, next } = read(Number(query.get("$skiptoken") ?? 0), size);
  const nextQuery = new URLSearchParams(query);
  nextQuery.set("$skiptoken", String(next));
  return { value: items.map(write), nextLink: next === undefined ? null : `${address}?${nextQuery}` };
}
