import * as z from "zod";
import type { RequestContext } from "../request/context.ts";
import { type RetryPolicy, statusOf } from "../request/retry.ts";
import type { ClientTable } from "./client-table.ts";

/** Where a row is. */
export interface RowKey {
  partitionKey: string;
  rowKey: string;
}

/**
 * Writes columns into a row that nobody competes for, and makes the row if it is not there. Of two that make it at once the
 * second one's columns are dropped.
 *
 * @throws Unavailable
 */
export async function upsertRow(
  table: Pick<ClientTable, "createEntity" | "updateEntity">,
  retry: RetryPolicy,
  name: string,
  key: RowKey,
  columns: Record<string, string>,
  context: RequestContext,
): Promise<void> {
  const row = { ...key, ...columns };
  const merge = (abortSignal: AbortSignal) => table.updateEntity(row, "Merge", { etag: "*", abortSignal });
  const insert = (abortSignal: AbortSignal) => table.createEntity(row, { abortSignal });
  try {
    await retry({ name: `table merge ${name}`, run: merge, isAnswer: isEntityMissing }, context);
  } catch (error) {
    if (!isEntityMissing(error)) throw error;
    await retry({ name: `table insert ${name}`, run: insert, isAnswer: isConflict }, context).catch((conflict) => {
      if (!isConflict(conflict)) throw conflict;
    });
  }
}

const errorBody = z.object({ details: z.object({ odataError: z.object({ code: z.string() }) }) });

/** No such row. A table that is not there is a 404 as well, but a fault: that is told by the code alone. */
export function isEntityMissing(error: unknown): boolean {
  const code = errorBody.safeParse(error).data?.details.odataError.code;
  return statusOf(error) === 404 && (code === "ResourceNotFound" || code === "EntityNotFound");
}

/** The row is there already, or is not the version that a write was based on. */
export function isConflict(error: unknown): boolean {
  return [409, 412].includes(statusOf(error) ?? 0);
}
