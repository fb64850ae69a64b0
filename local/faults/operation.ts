import type { IncomingMessage } from "node:http";

/** A request to an emulator with its whole body, so that it can be forwarded at any time. */
export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

/**
 * The operations of the service on Azure. `table` is the row of a client, with the row of history in the same transaction; `change` is a
 * row of history by itself, `usage` that of the client's use, `position` that of the sweep.
 */
export const OPERATIONS = [
  ...["table-get", "table-list", "table-insert", "table-merge"],
  ...[
    "change-get",
    "change-insert",
    "usage-get",
    "usage-list",
    "usage-insert",
    "usage-merge",
    "position-get",
    "position-insert",
    "position-merge",
  ],
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
  return tableOperation(writeOf(method, route, body.toString()));
}

function secretOperation(method: string, route: string): string {
  const verb = { PUT: "set", PATCH: "update" }[method] ?? "get";
  return route === "/secrets" ? "secret-list" : `secret-${verb}`;
}

function keyOperation(method: string, route: string): string {
  if (method === "POST") return `key-${route.split("/").at(-1)}`;
  return route.endsWith("/versions") ? "key-list" : "key-get";
}

interface TableCall {
  readonly method: string;
  readonly route: string;
  readonly body: string;
}

/** Returns the first write of a transaction: that of the row which changes. Any other request is its own. */
function writeOf(method: string, route: string, body: string): TableCall {
  const first = route.endsWith("/$batch") ? /^([A-Z]+) (\S+) HTTP\/1\.1/m.exec(body) : null;
  return { method: first?.[1] ?? method, route: decodeURIComponent(first?.[2] ?? route), body };
}

function tableOperation({ method, route, body }: TableCall): string {
  const rowKey = /RowKey='([\w-]+)/.exec(route)?.[1] ?? /"RowKey":"([\w-]+)/.exec(body)?.[1];
  const verb = rowKey === undefined ? "list" : ({ POST: "insert", PATCH: "merge", MERGE: "merge" }[method] ?? "get");
  if (/\/apiclientusage\b/.test(route)) return `usage-${verb}`;
  const row = rowKey === undefined || rowKey === "client" ? "table" : rowKey;
  return `${row}-${verb}`;
}
