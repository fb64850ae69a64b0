import type { RequestContext } from "../request/context.ts";
import type { RetryPolicy } from "../request/retry.ts";
import type { ClientTable, TableRow } from "./client-table.ts";

/** The maximum of Table Storage. */
const PAGE_SIZE = 1_000;

/** A table, and the name of a list of it in the log. */
export interface ListedTable {
  readonly table: ClientTable;
  readonly retry: RetryPolicy;
  readonly name: string;
}

/** Reads all rows that match a filter. Each page is a call with its own deadline, so that a long list does not time out. */
export async function listRows(
  { table, retry, name }: ListedTable,
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
