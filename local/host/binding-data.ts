import type { IncomingMessage } from "node:http";
import type { RpcTypedData } from "./functions-messages.ts";
import type { RouteParameters } from "./route.ts";

const MAX_DEPTH = 64;

/** The sources of binding data. `body` is present when the host has read it whole. */
export interface BindingDataSource {
  readonly request: IncomingMessage;
  readonly body: Buffer | undefined;
  readonly parameters: RouteParameters;
  readonly target: string;
}

/**
 * Returns the binding data of an invocation. Azure's HTTP trigger collects it in one case-insensitive dictionary
 * (azure-webjobs-sdk-extensions, HttpTriggerAttributeBindingProvider.cs, GetRequestBindingData): the members of a JSON body, then the
 * query's parameters, then the route's, then the collections `Query` and `Headers` unless an entry has that name already. A later
 * value replaces an earlier one, but the name keeps its first spelling. So a caller can add parameters, change the case of their
 * names, and hide or replace the headers.
 */
export function bindingDataOf({ request, body, parameters, target }: BindingDataSource): Record<string, RpcTypedData> {
  const data = new Map<string, { name: string; value: RpcTypedData }>();
  const set = (name: string, value: RpcTypedData) => {
    const id = name.toLowerCase();
    data.set(id, { name: data.get(id)?.name ?? name, value });
  };
  const query = queryOf(target);
  for (const [name, value] of membersOf(body)) set(name, value);
  for (const [name, string] of Object.entries(query)) if (!/^code$/i.test(name)) set(name, { string });
  for (const [name, string] of Object.entries(parameters)) set(name, { string });
  if (!data.has("query")) set("Query", { json: JSON.stringify(query) });
  if (!data.has("headers")) set("Headers", { json: JSON.stringify(headersOf(request)) });
  return Object.fromEntries([...data.values()].map(({ name, value }) => [name, value]));
}

/**
 * Returns the members of a JSON object of any media type (azure-webjobs-sdk-extensions, Utility.cs, ApplyBindingData): objects as JSON;
 * strings, numbers and booleans as strings. Lists and `null` are left out.
 */
function membersOf(body: Buffer | undefined): [string, RpcTypedData][] {
  const parsed = jsonOf(new TextDecoder().decode(body));
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) return [];
  return Object.entries(parsed).flatMap(([name, value]): [string, RpcTypedData][] => {
    if (value === null || Array.isArray(value)) return [];
    if (typeof value === "object") return [[name, { json: JSON.stringify(value) }]];
    // .NET writes `True` and `False`.
    return [[name, { string: String(value).replace(/^[tf](?=rue$|alse$)/, (first) => first.toUpperCase()) }]];
  });
}

/** Parses JSON. Returns `undefined` for invalid JSON and for a depth over the limit of Newtonsoft's reader. */
function jsonOf(text: string): unknown {
  try {
    return depthOf(text) > MAX_DEPTH ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

function depthOf(json: string): number {
  let depth = 0;
  let deepest = 0;
  for (const [bracket] of json.replace(/"(?:[^"\\]|\\.)*"/gs, "").matchAll(/[[\]{}]/g)) {
    depth += bracket === "{" || bracket === "[" ? 1 : -1;
    deepest = Math.max(deepest, depth);
  }
  return deepest;
}

/** Returns the query's parameters, the last of equal names in any case (HttpRequestExtensions.cs, GetQueryParameterDictionary). */
function queryOf(target: string): Record<string, string> {
  const query = new Map<string, { name: string; value: string }>();
  for (const [name, value] of new URLSearchParams(target.split(/\?(.*)/s, 2)[1])) {
    const id = name.toLowerCase();
    query.set(id, { name: query.get(id)?.name ?? name, value });
  }
  return Object.fromEntries([...query.values()].map(({ name, value }) => [name, value]));
}

/** Returns the request's headers as a function sees them: repeated ones joined by a comma, with those of App Service's front end. */
function headersOf({ rawHeaders, socket }: IncomingMessage): Record<string, string> {
  const headers = new Map<string, { name: string; value: string }>();
  const add = (name: string, value: string) => {
    const known = headers.get(name.toLowerCase());
    headers.set(
      name.toLowerCase(),
      known === undefined ? { name, value } : { ...known, value: `${known.value},${value}` },
    );
  };
  for (let index = 0; index < rawHeaders.length; index += 2) {
    add(rawHeaders[index] ?? "", Buffer.from(rawHeaders[index + 1] ?? "", "latin1").toString());
  }
  add("X-Forwarded-For", `${socket.remoteAddress}:${socket.remotePort}`);
  headers.set("x-forwarded-proto", { name: "X-Forwarded-Proto", value: "http" });
  return Object.fromEntries([...headers.values()].map(({ name, value }) => [name, value]));
}
