import * as z from "zod";
import type { RequestContext } from "../request/context.ts";
import type { RetryPolicy } from "../request/retry.ts";
import type { ClientTable } from "./client-table.ts";
import { createUpsertRow, isEntityMissing } from "./upsert-row.ts";

/** Not a valid client id, so no client can have this row. */
const POSITION_ROW = { partitionKey: "sweep", rowKey: "position" };

const positionColumns = z.object({ position: z.string() });

/** The position at which a run of the sweep stopped, for the next run on any instance. Both methods throw `Unavailable`. */
export interface SweepPosition {
  /** Returns the saved position, or `undefined` to start from the beginning. */
  load(context: RequestContext): Promise<string | undefined>;
  save(position: string | undefined, context: RequestContext): Promise<void>;
}

/** Creates the position over a row of the table of clients. */
export function createSweepPosition(
  table: Pick<ClientTable, "getEntity" | "createEntity" | "updateEntity">,
  retry: RetryPolicy,
): SweepPosition {
  const upsertRow = createUpsertRow(table, retry);
  return {
    async load(context) {
      const { partitionKey, rowKey } = POSITION_ROW;
      const run = (abortSignal: AbortSignal) => table.getEntity(partitionKey, rowKey, { abortSignal });
      try {
        const row = await retry({ name: "table get position", run, isAnswer: isEntityMissing }, context);
        return positionColumns.safeParse(row).data?.position || undefined;
      } catch (error) {
        if (isEntityMissing(error)) return undefined;
        throw error;
      }
    },

    save: (position = "", context) => upsertRow("position", { ...POSITION_ROW, position }, context),
  };
}
