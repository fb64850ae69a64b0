import { wholeSeconds } from "../model/client.ts";
import type { TableRow } from "./client-table.ts";

/** What an administrator did to a client. */
export type Action = "create" | "regenerate" | "disable";

/** The action of a change that was not made, and that nothing can make any more. */
export const ABANDONED = "abandoned";

/** Who changes a client, and when. */
export interface Author {
  readonly adminId: string;
  readonly at: Date;
}

/** A change of a client by an administrator. */
export interface Change extends Author {
  readonly action: Action;
  /** The request that makes the change: together with the time it names the change. */
  readonly requestId: string;
  /** Details in further columns. Never a secret, a hash or a token. */
  readonly details?: Readonly<Record<string, string>>;
}

/** A row key starts with it, so that no other row of a client is taken for history. */
const CHANGE_PREFIX = "change!";
/** The greatest time of 13 digits, in milliseconds since 1970: the year 2286. */
const LAST_TIME = 9_999_999_999_999;

/**
 * Formats a change as a row of the client's history. The row is inserted in the transaction of the change, so that neither exists without
 * the other. Its key is that of one request: a second try of the same change conflicts with the first and is not applied again. Table
 * Storage sorts by key and only upwards, so the time is inverted and the newest change comes first.
 */
export function changeRow(clientId: string, { action, adminId, at, requestId, details }: Change): TableRow {
  const invertedTime = String(LAST_TIME - at.getTime()).padStart(13, "0");
  return {
    partitionKey: clientId,
    rowKey: `${CHANGE_PREFIX}${invertedTime}!${requestId}`,
    action,
    at: wholeSeconds(at),
    by: adminId,
    request_id: requestId,
    ...details,
  };
}

/** Formats the row that takes the place of a change in the history and keeps it from being committed. */
export function abandonedRow({ partitionKey, rowKey, action, at, by, request_id }: TableRow): TableRow {
  return { partitionKey, rowKey, action: ABANDONED, change: action, at, by, request_id };
}
