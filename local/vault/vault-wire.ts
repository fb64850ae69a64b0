import { z } from "zod";
import { vaultError } from "./vault-error.ts";
import type { Page, Version } from "./vault-objects.ts";

const PAGE_SIZE = 25;

/** A parsed request to a vault. */
export interface VaultCall {
  readonly body: unknown;
  readonly query: URLSearchParams;
  /** `https://<host>` of the request's `Host`, so that links lead back through a proxy. */
  readonly base: string;
  readonly name: string;
  readonly version: string | undefined;
}

/** The operations of a vault, by method, collection, "name" and action: `"GET keys name versions"`. Each returns the body of its answer. */
export type VaultOperations = Readonly<Record<string, (call: VaultCall) => unknown>>;

const unixSeconds = z.int().min(0);

/** The members that request bodies for secrets and keys have in common. */
export const commonBody = z.object({
  attributes: z.object({ enabled: z.boolean(), nbf: unixSeconds, exp: unixSeconds }).partial().default({}),
  tags: z.record(z.string(), z.string()).optional(),
});

/**
 * Validates the body of a request.
 *
 * @throws HttpError 400 with Key Vault's body.
 */
export function parseBody<Schema extends z.ZodType>(schema: Schema, { body }: VaultCall): z.infer<Schema> {
  const { data, error } = schema.safeParse(body);
  if (error) {
    const { path, message } = error.issues[0] ?? { path: [], message: "" };
    throw vaultError(400, "BadParameter", `Property ${path.join(".")}: ${message}`);
  }
  return data;
}

/** Returns the attributes and tags of a request body in one object. */
export function attributesFrom({ attributes, tags }: z.infer<typeof commonBody>) {
  return { ...attributes, ...(tags && { tags }) };
}

/** Returns the attributes of a version as Key Vault writes them. */
export function attributesOf({ enabled, nbf, exp, created, updated }: Version<unknown>): object {
  return { enabled, nbf, exp, created, updated, recoveryLevel: "Recoverable+Purgeable", recoverableDays: 90 };
}

/** Returns one page of a list; `address` is the URL of the list without its query. */
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
  const from = Number(query.get("$skiptoken") ?? 0);
  if (!Number.isSafeInteger(from) || from < 0) throw vaultError(400, "BadParameter", "The $skiptoken is not valid.");
  const { items, next } = read(from, size);
  const nextQuery = new URLSearchParams(query);
  nextQuery.set("$skiptoken", String(next));
  return { value: items.map(write), nextLink: next === undefined ? null : `${address}?${nextQuery}` };
}
