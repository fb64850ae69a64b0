import type { IncomingMessage } from "node:http";

/** A request to an emulator with its whole body, so that it can be forwarded at any time. */
export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

/** The operations of the service on Azure. `table` is the row of a client, `usage` that of its use, `position` that of the sweep. */
export const OPERATIONS = [
  ...["table-get", "table-list", "table-insert", "table-merge"],
  ...["usage-insert", "usage-merge", "position-get", "position-insert", "position-merge"],
  ...["secret-get", "secret-set", "secret-update", "secret-list"],
  ...["key-list", "key-get", "key-sign"],
  ...["identity-token", "admin-keys"],
];

/** Returns the operation of a request, one of {@link OPERATIONS}. */
export function operationOf({ method, path, body }: ReceivedRequest): string {
  const [route = ""] = path.split("?", 1);
  if (route.startsWith("/secrets")) return secretOperation(method, route);
  if (route.startsWith("/keys")) return keyOperation(method, route);
  if (route.startsWith("/msi/")) return "identity-token";
  if (route.endsWith("/discovery/v2.0/keys")) return "admin-keys";
  return tableOperation(method, decodeURIComponent(route), body.toString());
}

function secretOperation(method: string, route: string): string {
  const verb = { PUT: "set", PATCH: "update" }[method] ?? "get";
  return route === "/secrets" ? "secret-list" : `secret-${verb}`;
}

function keyOperation(method: string, route: string): string {
  if (method === "POST") return `key-${route.split("/").at(-1)}`;
  return route.endsWith("/versions") ? "key-list" : "key-get";
}

function tableOperation(method: string, route: string, body: string): string {
  const rowKey = /RowKey='(\w+)'/.exec(route)?.[1] ?? /"RowKey":"(\w+)"/.exec(body)?.[1];
  const row = rowKey === undefined || rowKey === "client" ? "table" : rowKey;
  const verb = { POST: "insert", PATCH: "merge", MERGE: "merge" }[method] ?? "get";
  return rowKey === undefined ? `${row}-list` : `${row}-${verb}`;
}
