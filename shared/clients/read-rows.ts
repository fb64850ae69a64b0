import type { RequestContext } from "../request/context.ts";
import { answerMismatch, type RetryPolicy } from "../request/retry.ts";
import type { ClientTable, TableRow } from "./client-table.ts";
import { isEntityMissing } from "./upsert-row.ts";

/** The maximum of Table Storage. */
const PAGE_SIZE = 1_000;

/** A table, and the name of a read of it in the log. */
export interface ReadTable<M extends "getEntity" | "listEntities"> {
  readonly table: Pick<ClientTable, M>;
  readonly retry: RetryPolicy;
  readonly name: string;
}

/**
 * Reads a row with its etag. The answer is believed only for the row that was asked for.
 *
 * @throws Unavailable
 */
export async function findRow(
  { table, retry, name }: ReadTable<"getEntity">,
  { partitionKey, rowKey }: Pick<TableRow, "partitionKey" | "rowKey">,
  context: RequestContext,
): Promise<object | undefined> {
  const run = (abortSignal: AbortSignal) => table.getEntity(partitionKey, rowKey, { abortSignal });
  try {
    const row = await retry({ name, run, isAnswer: isEntityMissing }, context);
    if (row.partitionKey === partitionKey && row.rowKey === rowKey) return row;
  } catch (error) {
    if (isEntityMissing(error)) return undefined;
    throw error;
  }
  throw answerMismatch(name, context);
}

/** Reads all rows that match a filter. Each page is a call with its own deadline, so that a long list does not time out. */
export async function listRows(
  { table, retry, name }: ReadTable<"listEntities">,
  filter: string | undefined,
  context: RequestContext,
): Promise<TableRow[]> {
  const rows: TableRow[] = [];
  let continuationToken: string | undefined;
  do {
    const run = (abortSignal: AbortSignal) =>
      table
        .listEntities({ abortSignal, ...(filter && { queryOptions: { filter } }) })
        .byPage({ maxPageSize: PAGE_SIZE, ...(continuationToken && { continuationToken }) })
        .next();
    const { value: page } = await retry({ name, run }, context);
    rows.push(...(page ?? []));
    continuationToken = page?.continuationToken;
  } while (continuationToken);
  return rows;
}
