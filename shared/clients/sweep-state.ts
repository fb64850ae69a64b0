import * as z from "zod";
import { wholeSeconds } from "../model/client.ts";
import type { RequestContext } from "../request/context.ts";
import type { RetryPolicy } from "../request/retry.ts";
import type { ClientTable } from "./client-table.ts";
import { findRow } from "./read-rows.ts";
import { createUpsertRow } from "./upsert-row.ts";

/** Not a valid client id, so no client can have this row. */
const STATE_ROW = { partitionKey: "sweep", rowKey: "position" };

/** What the runs of the sweep leave for the next run, on any instance. */
export interface SweepState {
  /** Where the last run stopped in the list of vault secrets; `undefined` for its start. */
  position: string | undefined;
  /** The number of runs that have failed since one succeeded. */
  failedRuns: number;
  /** The last time at which a run ended at the end of the list. Before the first one, the time of the first run. */
  endedAt: Date | undefined;
}

/** Stores the state of the sweep. */
export interface SweepStateStore {
  /** Loads the state. What cannot be read is as before the first run: no stored state may keep the sweep from its work. */
  load(context: RequestContext): Promise<SweepState>;
  /**
   * Saves the members that are given.
   *
   * @throws Unavailable
   */
  save(change: Partial<SweepState>, context: RequestContext): Promise<void>;
}

const stateColumns = z.object({
  position: z.string().catch(""),
  failed_runs: z.int().nonnegative().catch(0),
  ended_at: z.iso.datetime({ precision: 0 }).optional().catch(undefined),
});

/** Creates the store over a row of the table of clients. */
export function createSweepStateStore(
  table: Pick<ClientTable, "getEntity" | "createEntity" | "updateEntity">,
  retry: RetryPolicy,
): SweepStateStore {
  const upsertRow = createUpsertRow(table, retry);
  return {
    async load(context) {
      const row = await findRow({ table, retry, name: "table get position" }, STATE_ROW, context).catch(
        () => undefined,
      );
      const { position, failed_runs: failedRuns, ended_at: endedAt } = stateColumns.parse(row ?? {});
      return {
        position: position || undefined,
        failedRuns,
        endedAt: endedAt === undefined ? undefined : new Date(endedAt),
      };
    },

    save({ failedRuns, endedAt, ...change }, context) {
      const row = {
        ...STATE_ROW,
        ...("position" in change && { position: change.position ?? "" }),
        ...(failedRuns !== undefined && { failed_runs: failedRuns }),
        ...(endedAt && { ended_at: wholeSeconds(endedAt) }),
      };
      return upsertRow("position", row, context);
    },
  };
}
