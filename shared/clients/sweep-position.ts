import * as z from "zod";
import type { RequestContext } from "../request/context.ts";
import type { RetryPolicy } from "../request/retry.ts";
import type { ClientTable } from "./client-table.ts";
import { isEntityMissing, upsertRow } from "./upsert-row.ts";

/** No client_id looks like this, so the row is nobody's. */
const POSITION_ROW = { partitionKey: "sweep", rowKey: "position" };

const positionColumns = z.object({ position: z.string() });

/** Keeps where a sweep stopped, for the next one, on whatever instance it runs. Both methods throw `Unavailable`. */
export interface SweepPosition {
  /** Where to go on; `undefined` to start from the beginning. */
  load(context: RequestContext): Promise<string | undefined>;
  save(position: string | undefined, context: RequestContext): Promise<void>;
}

/** Makes the keeper, in a row of the table of clients. */
export function createSweepPosition(
  table: Pick<ClientTable, "getEntity" | "createEntity" | "updateEntity">,
  retry: RetryPolicy,
): SweepPosition {
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

    save: (position = "", context) => upsertRow(table, retry, "position", POSITION_ROW, { position }, context),
  };
}
