import type { RequestContext } from "../request/context.ts";
import type { ClientRow } from "./client-row.ts";

/** Bounds the alarms of an instance: a release that is rolled back may leave any number of rows with a scope that it does not know. */
const MAX_ALARMS = 100;

/** Raises an alarm if a row is damaged. */
export type DamageAlarm = (row: Pick<ClientRow, "clientId" | "damaged">, context: RequestContext) => void;

/** Creates the alarm of an instance, which is raised once for each damaged row, however often the row is read. */
export function createDamageAlarm(): DamageAlarm {
  const raised = new Set<string>();
  return ({ clientId, damaged }, context) => {
    if (damaged.length === 0 || raised.has(clientId) || raised.size === MAX_ALARMS) return;
    raised.add(clientId);
    const isLast = raised.size === MAX_ALARMS;
    const reason = `the row of ${clientId} cannot be read in: ${damaged.join(", ")}`;
    context.alarm("row_damaged", isLast ? `${reason}; this instance reports no more rows` : reason);
  };
}
