import type { IncomingMessage } from "node:http";
import * as z from "zod";
import type { HttpRequest } from "../http/http-request.ts";
import { INVOCATION_ID } from "./exchange.ts";

// Binding data is a dictionary that ignores case, in which the Functions host collects the members of a JSON body, then the query, then the
// parameters of the route, and last `Query` and `Headers`, unless an entry has that name already
// (HttpTriggerAttributeBindingProvider.cs in azure-webjobs-sdk-extensions). `@azure/functions` reads headers and route parameters from it,
// so that a caller can replace those that a gateway has checked. This room reads them from the forwarded request.

/** The binding data of an invocation as the host sends them. */
export type TriggerMetadata = Readonly<Record<string, { readonly json?: string | null }>>;

/** The part of the binding data that this room reads. */
export interface BindingData {
  readonly names: readonly string[];
  /** The headers by name in lower case, empty if they do not parse. `undefined` if there is no entry of them. */
  readonly headers: ReadonlyMap<string, string> | undefined;
}

/** Reads the binding data of an invocation. */
export function readBindingData(metadata: TriggerMetadata): BindingData {
  const { Headers: entry } = metadata;
  return { names: Object.keys(metadata), headers: entry && readHeaders(entry.json ?? "") };
}

/**
 * Converts a forwarded request to that of an endpoint. Of the binding data it reports a contradiction, and `X-Forwarded-For`: the forwarder
 * replaces that header by the address of its own caller, the platform's front end (microsoft/reverse-proxy, ForwardedTransformExtensions.cs,
 * `ForwardedTransformActions.Set`), so that only the binding data have what the front end wrote.
 */
export function toHttpRequest(request: IncomingMessage, route: string, bindingData: BindingData): HttpRequest {
  let firstByte: number | undefined;
  async function* readBody() {
    // A reader that stops early leaves the rest, which exchange.ts drains.
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      firstByte ??= chunk[0];
      yield chunk;
    }
  }
  const [path = "", search] = (request.url ?? "").split(/\?(.*)/s, 2);
  const sent = {
    headers: { get: (name: string) => request.headersDistinct[name.toLowerCase()]?.join(",") ?? null },
    query: new URLSearchParams(search),
    params: routeParameters(route, path),
  };
  return {
    ...sent,
    method: request.method ?? "",
    body: readBody(),
    forwardedFor: () =>
      hasBody(request) && !isLetter(firstByte) ? undefined : bindingData.headers?.get("x-forwarded-for"),
    isContradicted: isContradicted(bindingData, sent),
  };
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) !== 0;
}

/** Tells whether a body with this first byte cannot be a JSON object, in whatever encoding: none of its members is binding data then. */
function isLetter(byte = 0): boolean {
  return /^[a-z]$/i.test(String.fromCharCode(byte));
}

/** Returns the ids under which a request may arrive: the host keeps an id of the caller in place of its own (DefaultHttpProxyService.cs). */
export function forwardedIds(invocationId: string, bindingData: BindingData): string[] {
  const foreignId = bindingData.headers?.get(INVOCATION_ID);
  return foreignId === undefined ? [invocationId] : [invocationId, foreignId];
}

/**
 * Tells whether the host can forward a request with these headers. The host accepts UTF-8, which its HTTP client cannot send, and control
 * characters, which the parser of Node refuses.
 */
export function isForwardable(bindingData: BindingData): boolean {
  return [...(bindingData.headers?.values() ?? [])].every((value) => /^[\t\x20-\x7e]*$/.test(value));
}

/** Reads the parameters of a route such as `files/{id}/{*rest}` from a path that matches it. */
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

/** Tells whether binding data or query contradict the headers or parameters of the forwarded request. */
function isContradicted(
  bindingData: BindingData,
  { headers, query, params }: Pick<HttpRequest, "headers" | "query" | "params">,
): boolean {
  const names = ["Headers", "Query", ...Object.keys(params)];
  const isTaken = (name: string) => names.some((each) => each.toLowerCase() === name.toLowerCase());
  const told = bindingData.headers;
  const normal = (value: string | null | undefined) => (value ?? "").replace(/ *, */g, ",");
  const isForged = (name: string) => told !== undefined && normal(told.get(name)) !== normal(headers.get(name));
  return (
    [...query.keys()].some(isTaken) ||
    // The entries of the host have exactly these names; one in another case came from the caller.
    bindingData.names.some((name) => isTaken(name) && !names.includes(name)) ||
    told?.has(INVOCATION_ID) === true ||
    // The two headers that endpoints read for authentication and for parsing the body.
    ["authorization", "content-type"].some(isForged)
  );
}

const headersSchema = z.record(z.string(), z.string());

function readHeaders(json: string): Map<string, string> {
  try {
    const headers = headersSchema.parse(JSON.parse(json));
    return new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  } catch {
    return new Map();
  }
}
