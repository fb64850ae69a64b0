import { hash } from "node:crypto";
import { wholeSeconds } from "../model/client.ts";
import type { RequestContext } from "../request/context.ts";
import type { RetryPolicy } from "../request/retry.ts";
import type { ClientTable, TableRow } from "./client-table.ts";
import { findRow, listRows } from "./read-rows.ts";
import { createUpsertRow } from "./upsert-row.ts";

/**
 * The name of the table of use, apart from that of the clients: roles end at a table, and the app that issues tokens must not be able to
 * write a client's row.
 */
export const USAGE_TABLE = "apiclientusage";

/** Stores the last use of each client, in the row of its client id. All methods throw `Unavailable` for a fault. */
export interface UsageStore {
  /** Writes the time of the last token (upsert). */
  recordUse(clientId: string, at: Date, context: RequestContext): Promise<void>;
  /** Reads the row of one client. */
  find(clientId: string, context: RequestContext): Promise<object | undefined>;
  /** Reads all rows, by client id. */
  all(context: RequestContext): Promise<ReadonlyMap<string, TableRow>>;
}

/** Creates the store over the table of use. */
export function createUsageStore(table: ClientTable, retry: RetryPolicy): UsageStore {
  const upsertRow = createUpsertRow(table, retry);
  return {
    recordUse: (clientId, at, context) =>
      upsertRow("usage", { ...keysOf(clientId), last_used_at: wholeSeconds(at) }, context),

    find: (clientId, context) => findRow({ table, retry, name: "table get usage" }, keysOf(clientId), context),

    async all(context) {
      const rows = await listRows({ table, retry, name: "table list usage" }, undefined, context);
      return new Map(rows.map((row) => [row.rowKey, row]));
    },
  };
}

/** Returns the keys of a client's row. 16 partitions: a transaction writes many clients at once, and a partition takes 2,000 writes a second. */
function keysOf(clientId: string): { partitionKey: string; rowKey: string } {
  return { partitionKey: hash("sha256", clientId).slice(0, 1), rowKey: clientId };
}
