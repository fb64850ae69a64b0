import * as z from "zod";
import type { Call } from "../request/call.ts";
import type { Attempt } from "../request/retry.ts";
import type { ClientTable } from "./client-table.ts";
import { isEntityMissing, keepRow } from "./table-row.ts";

/** No client_id looks like this, so the row is nobody's. */
const POSITION_ROW = { partitionKey: "sweep", rowKey: "position" };

const positionColumns = z.object({ position: z.string() });

/** Keeps where a sweep stopped, for the next one, on whatever instance it runs. Both methods throw `Unavailable`. */
export interface SweepPosition {
  /** Where to go on; `undefined` to start from the beginning. */
  load(call: Call): Promise<string | undefined>;
  save(position: string | undefined, call: Call): Promise<void>;
}

/** Makes the keeper, in a row of the table of clients. */
export function createSweepPosition(
  table: Pick<ClientTable, "getEntity" | "createEntity" | "updateEntity">,
  attempt: Attempt,
): SweepPosition {
  return {
    async load(call) {
      const { partitionKey, rowKey } = POSITION_ROW;
      const run = (abortSignal: AbortSignal) => table.getEntity(partitionKey, rowKey, { abortSignal });
      try {
        const row = await attempt({ name: "table get position", run, expect: isEntityMissing }, call);
        return positionColumns.safeParse(row).data?.position || undefined;
      } catch (error) {
        if (isEntityMissing(error)) return undefined;
        throw error;
      }
    },

    save: (position = "", call) => keepRow(table, attempt, "position", POSITION_ROW, { position }, call),
  };
}
