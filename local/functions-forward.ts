import { once } from "node:events";
import { Agent, type IncomingMessage, request as sendRequest } from "node:http";
import { drain, end, type HostLog, type HttpCall } from "./functions-call.ts";
import type { RpcTypedData } from "./functions-core.ts";

// Headers that belong to one connection (RFC 9110 §7.6.1), and those the forwarder writes itself.
const NOT_FORWARDED = new Set([
  "connection",
  "expect",
  "host",
  "keep-alive",
  "proxy-authenticate",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
  "x-ms-invocation-id",
]);
const agent = new Agent({ keepAlive: true });

/**
 * Runs an HTTP function that takes its requests streamed: the raw request goes to the app's own HTTP server, headers and parameters go with the invocation.
 * A function that throws, or returns nothing, gets 500 here; on Azure the client of a streaming app would wait for minutes.
 */
export async function forwardRequest(call: HttpCall, httpUri: string, log: HostLog): Promise<void> {
  const { app, registered, bindingName, invocationId, request, response, target } = call;
  const forwarded = sendRequest(new URL(httpUri), {
    agent,
    method: request.method ?? "",
    path: target,
    headers: forwardedHeaders(call, httpUri),
  });
  forwarded.on("error", () => undefined); // `answered` rejects with it; after the answer it means nothing
  forwarded.flushHeaders(); // the function may answer before any of the body comes
  request.pipe(forwarded);
  response.once("close", () => {
    if (!response.writableFinished) forwarded.destroy();
  });

  const answered = once(forwarded, "response").then(([answer]: IncomingMessage[]) => answer as IncomingMessage);
  const invoked = app
    .invoke(registered, {
      invocationId,
      inputData: [{ name: bindingName, data: {} }],
      triggerMetadata: bindingData(call),
    })
    .then(({ result }) => {
      if (result === null || result === undefined) throw new Error("A streaming function has to return a response.");
      return answered;
    });
  invoked.catch(() => undefined);
  answered.catch(() => undefined);
  try {
    // Whichever comes first: the answer, which may begin long before the function is done, or the function's failure.
    const answer = await Promise.race([answered, invoked]);
    response.writeHead(answer.statusCode ?? 502, endToEnd(answer.rawHeaders));
    answer.pipe(response);
    await once(answer, "end");
    if (!request.complete) {
      forwarded.destroy();
      request.unpipe(forwarded);
      drain(request);
    }
  } catch (error) {
    forwarded.destroy();
    if (response.destroyed) return;
    log(
      "error",
      `Executed '${registered.name}' (Failed): ${error instanceof Error ? (error.stack ?? error.message) : error}`,
    );
    request.unpipe(forwarded);
    if (response.headersSent) response.destroy();
    else end(request, response, 500);
  }
}

function forwardedHeaders({ request, host, invocationId }: HttpCall, httpUri: string): string[] {
  const headers = ["Host", new URL(httpUri).host, ...endToEnd(request.rawHeaders)];
  if (request.headers["transfer-encoding"] !== undefined) headers.push("Transfer-Encoding", "chunked");
  headers.push(
    "X-Forwarded-For",
    request.socket.remoteAddress ?? "",
    "X-Forwarded-Host",
    host,
    "X-Forwarded-Proto",
    "http",
  );
  headers.push("x-ms-invocation-id", invocationId);
  return headers;
}

function endToEnd(rawHeaders: readonly string[]): string[] {
  const kept: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const [name = "", value = ""] = rawHeaders.slice(index, index + 2);
    if (!NOT_FORWARDED.has(name.toLowerCase())) kept.push(name, value);
  }
  return kept;
}

/**
 * What goes with the invocation, as Azure's HTTP trigger collects it into one case-insensitive dictionary: the query's parameters,
 * then the route's, then the collections `Query` and `Headers` unless something already has that name. The library takes every string for a
 * parameter of the route and `Headers` for the request's headers, so a query can add parameters, change the case of their names and hide the headers.
 */
function bindingData({ request, parameters, target }: HttpCall): Record<string, RpcTypedData> {
  const data: Record<string, RpcTypedData> = {};
  const names = new Map<string, string>();
  const set = (name: string, value: RpcTypedData) => {
    const known = names.get(name.toLowerCase()) ?? name;
    names.set(name.toLowerCase(), known);
    data[known] = value;
  };
  const query = queryOf(target);
  for (const [name, value] of Object.entries(query)) if (name.toLowerCase() !== "code") set(name, { string: value });
  for (const [name, value] of Object.entries(parameters)) set(name, { string: value });
  if (!names.has("query")) set("Query", { json: JSON.stringify(query) });
  if (!names.has("headers")) set("Headers", { json: JSON.stringify(headersOf(request)) });
  return data;
}

/** The query's parameters; repeated ones joined by a comma, as ASP.NET does. */
export function queryOf(target: string): Record<string, string> {
  const query: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(target.split(/\?(.*)/s, 2)[1])) {
    query[name] = name in query ? `${query[name]},${value}` : value;
  }
  return query;
}

/** The request's headers as a function sees them: repeated ones joined by a comma, and the address that App Service's front end adds. */
export function headersOf({ rawHeaders, socket }: IncomingMessage): Record<string, string> {
  const headers = new Map<string, string>();
  const add = (name: string, value: string) => {
    const known = headers.get(name);
    headers.set(name, known === undefined ? value : `${known},${value}`);
  };
  for (let index = 0; index < rawHeaders.length; index += 2)
    add((rawHeaders[index] ?? "").toLowerCase(), rawHeaders[index + 1] ?? "");
  add("x-forwarded-for", `${socket.remoteAddress}:${socket.remotePort}`);
  headers.set("x-forwarded-proto", "http");
  return Object.fromEntries(headers);
}
