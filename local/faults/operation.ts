import type { IncomingMessage } from "node:http";

/** A request to a stand-in that was read whole, so that it can be sent on at any time. */
export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

/** What the service asks Azure for. A client's row is `table`, a row of its use `usage`, that of the sweep `position`. */
export const OPERATIONS = [
  ...["table-get", "table-list", "table-insert", "table-merge"],
  ...["usage-insert", "usage-merge", "position-get", "position-insert", "position-merge"],
  ...["secret-get", "secret-set", "secret-update", "secret-list"],
  ...["key-list", "key-get", "key-sign"],
  ...["identity-token", "admin-keys"],
];

/** The name of what a request asks for, one of {@link OPERATIONS}. */
export function operationOf({ method, path, body }: Received): string {
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
