import type { RequestContext } from "../request/context.ts";
import { type RetryPolicy, Unavailable } from "../request/retry.ts";
import type { ClientTable, TableRow, TableWrite } from "./client-table.ts";
import { ABANDONED, abandonedRow } from "./history.ts";
import { isConflict } from "./upsert-row.ts";

/** Commits changes of clients, each with its history. */
export interface Commits {
  /**
   * Writes the row of a client and the row of its history, both or neither. `name` is the name of the call in the log. A conflict is
   * thrown unchanged.
   *
   * @throws Unavailable
   */
  commit(name: string, write: TableWrite, change: TableRow, context: RequestContext): Promise<void>;
  /**
   * Makes the unknown outcome of a change definite: returns if it is committed. If not, it never will be: a row with the key of its history
   * stands in its way (a fence), so that a write that is still under way conflicts. `cause` is the failure of the commit.
   *
   * @throws Unavailable if the change is not committed, or if the table cannot be reached.
   */
  settle(change: TableRow, cause: unknown, context: RequestContext): Promise<void>;
}

/** Creates the commits on a table. */
export function createCommits(table: ClientTable, retry: RetryPolicy): Commits {
  /** Inserts the fence, and tells whether the change was there before. */
  const isCommitted = async (change: TableRow, context: RequestContext): Promise<boolean> => {
    const fence = abandonedRow(change);
    const insert = (abortSignal: AbortSignal) => table.createEntity(fence, { abortSignal });
    const get = (abortSignal: AbortSignal) =>
      table.getEntity(change.partitionKey, change.rowKey, { abortSignal }) as Promise<{ action?: unknown }>;
    try {
      await retry({ name: "table insert fence", run: insert, isAnswer: isConflict }, context);
      return false;
    } catch (error) {
      if (!isConflict(error)) throw error;
      // The row is that of the change, or the first try of the fence.
      const { action } = await retry({ name: "table get change", run: get }, context);
      return action !== ABANDONED;
    }
  };

  return {
    async commit(name, write, change, context) {
      const run = (abortSignal: AbortSignal) => table.submitTransaction([write, ["create", change]], { abortSignal });
      await retry({ name, run, isAnswer: isConflict }, context);
    },

    async settle(change, cause, context) {
      if (!(await isCommitted(change, context).catch(outcomeUnknown))) notChanged(cause);
    },
  };
}

/** Fails a change that was not made and that nothing can make any more. */
function notChanged(cause: unknown): never {
  throw new Unavailable("change_abandoned", {
    detail:
      "Nothing was changed: a store did not answer in time, and what was sent to it can no longer take effect. Try again.",
    note: noteOf(cause),
    retryAfterSeconds: retryAfterOf(cause),
    cause,
  });
}

/** Fails a change that may or may not have been committed. */
export function outcomeUnknown(cause: unknown): never {
  throw new Unavailable("outcome_unknown", {
    detail: "The outcome is unknown: the change may or may not have been made. Look at the client, then try again.",
    note: noteOf(cause) ?? "unexpected state of the row",
    retryAfterSeconds: retryAfterOf(cause),
    cause,
  });
}

function noteOf(cause: unknown): string | undefined {
  return cause instanceof Unavailable ? (cause.note ?? cause.reason) : undefined;
}

function retryAfterOf(cause: unknown): number | undefined {
  return cause instanceof Unavailable ? cause.retryAfterSeconds : undefined;
}
