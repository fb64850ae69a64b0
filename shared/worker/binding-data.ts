import type { IncomingMessage } from "node:http";
import * as z from "zod";
import type { HttpRequest } from "../http/http-request.ts";
import { INVOCATION_ID } from "./exchange.ts";

// The Functions host puts all it knows of a request into one dictionary that ignores case, its binding data: members of a JSON body
// first, then the query, then the parameters of the route, and at last `Query` and `Headers`, unless an entry has such a name by then
// (HttpTriggerAttributeBindingProvider.cs in azure-webjobs-sdk-extensions). `@azure/functions` takes headers and route parameters out of
// it, so that a caller can replace what a gateway has checked. Here they come from the forwarded request itself.

/** The binding data of a request, as it reaches the worker. */
export type BindingData = Readonly<Record<string, { readonly json?: string | null }>>;

/** Makes the request that an endpoint sees from the forwarded one; of the binding data is only said whether it differs. */
export function toHttpRequest(request: IncomingMessage, route: string, bindingData: BindingData): HttpRequest {
  const [path = "", search] = (request.url ?? "").split(/\?(.*)/s, 2);
  const sent = {
    headers: { get: (name: string) => request.headersDistinct[name.toLowerCase()]?.join(",") ?? null },
    query: new URLSearchParams(search),
    params: routeParameters(route, path),
  };
  return {
    ...sent,
    method: request.method ?? "",
    // A reader that stops early leaves the rest; `exchange.ts` drops it.
    body: request.iterator({ destroyOnReturn: false }),
    isContradicted: isContradicted(bindingData, sent),
  };
}

/** The ids under which a request may be forwarded: the host keeps one that the caller sent in place of its own (DefaultHttpProxyService.cs). */
export function forwardedIds(invocationId: string, bindingData: BindingData): string[] {
  const foreignId = toldHeaders(bindingData)?.get(INVOCATION_ID);
  return foreignId === undefined ? [invocationId] : [invocationId, foreignId];
}

/**
 * Whether the host can forward a request with these headers. It accepts UTF-8, which its HTTP client does not send, and control
 * characters, which Node's parser refuses.
 */
export function isForwardable(bindingData: BindingData): boolean {
  return [...(toldHeaders(bindingData)?.values() ?? [])].every((value) => /^[\t\x20-\x7e]*$/.test(value));
}

/** Reads the parameters of a route such as `files/{id}/{*rest}` from a path that the host matched to it. */
function routeParameters(route: string, path: string): Record<string, string> {
  const segments = path.split("/").slice(1);
  const parameters: Record<string, string> = {};
  for (const [index, part] of route.split("/").entries()) {
    const [, catchAll, name] = /^\{(\*?)(\w+)\}$/.exec(part) ?? [];
    const value = catchAll ? segments.slice(index).join("/") : segments[index];
    if (name && value) parameters[name] = decode(value);
  }
  return parameters;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Whether the binding data tells other headers or parameters than those that were sent, or the query tries to. */
function isContradicted(
  bindingData: BindingData,
  { headers, query, params }: Pick<HttpRequest, "headers" | "query" | "params">,
): boolean {
  const names = ["Headers", "Query", ...Object.keys(params)];
  const isTaken = (name: string) => names.some((each) => each.toLowerCase() === name.toLowerCase());
  const told = toldHeaders(bindingData);
  const normal = (value: string | null | undefined) => (value ?? "").replace(/ *, */g, ",");
  const isForged = (name: string) => told !== undefined && normal(told.get(name)) !== normal(headers.get(name));
  return (
    [...query.keys()].some(isTaken) ||
    // The host's own entries are spelled as here; one in another case was there before them.
    Object.keys(bindingData).some((name) => isTaken(name) && !names.includes(name)) ||
    told?.has(INVOCATION_ID) === true ||
    // By these an endpoint tells who calls, and how to read the body.
    ["authorization", "content-type"].some(isForged)
  );
}

const headersSchema = z.record(z.string(), z.string());

/** The headers as the binding data tells them, by their names in lower case; none if they are not headers at all. */
function toldHeaders({ Headers: told }: BindingData): Map<string, string> | undefined {
  if (told === undefined) return undefined;
  try {
    const headers = headersSchema.parse(JSON.parse(told.json ?? ""));
    return new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  } catch {
    return new Map();
  }
}
