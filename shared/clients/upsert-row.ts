import { errorCodesOf } from "../request/azure-refusal.ts";
import type { RequestContext } from "../request/context.ts";
import { type RetryPolicy, statusOf } from "../request/retry.ts";
import type { ClientTable, TableRow } from "./client-table.ts";

/**
 * Merges columns into a row without a condition, or inserts the row if there is none. Of two concurrent inserts, the second is dropped.
 * `name` is the name of the row in the log.
 *
 * @throws Unavailable
 */
export type UpsertRow = (name: string, row: TableRow, context: RequestContext) => Promise<void>;

/** Creates the upsert of a table. */
export function createUpsertRow(
  table: Pick<ClientTable, "createEntity" | "updateEntity">,
  retry: RetryPolicy,
): UpsertRow {
  return async (name, row, context) => {
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
  };
}

/** Tells a missing row from a missing table: both are 404, with different codes, and a missing table is a fault. */
export function isEntityMissing(error: unknown): boolean {
  const { code } = errorCodesOf(error);
  return statusOf(error) === 404 && (code === "ResourceNotFound" || code === "EntityNotFound");
}

/** Tells a conflict: the row exists already (409), or has another etag than the write was based on (412). */
export function isConflict(error: unknown): boolean {
  return [409, 412].includes(statusOf(error) ?? 0);
}
