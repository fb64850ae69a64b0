import { once } from "node:events";
import { Agent, type IncomingMessage, request as sendRequest } from "node:http";
import { drain, type HttpCall, headersOf, logFailure, queryOf } from "./functions-call.ts";
import type { RpcTypedData } from "./functions-messages.ts";

// Headers that belong to one connection (RFC 9110 §7.6.1), and those that the forwarder writes itself.
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
 * Runs an HTTP function of an app that streams: the raw request goes to the app's own HTTP server at `httpUri`, headers and
 * parameters go with the invocation. A function that throws, or returns nothing, is answered 500 here; on Azure its client
 * would wait for minutes.
 */
export async function forwardRequest(call: HttpCall, httpUri: string): Promise<void> {
  const { app, registered, bindingName, invocationId, request, response, target, log } = call;
  const uri = new URL(httpUri);
  const headers = ["Host", uri.host, ...forwardedHeaders(call)];
  const forwarded = sendRequest(uri, { agent, method: request.method ?? "", path: target, headers });
  forwarded.on("error", () => {}); // `answered` rejects with it; after the answer it means nothing
  forwarded.flushHeaders(); // the function may answer before any of the body comes
  request.pipe(forwarded);
  response.once("close", () => {
    if (!response.writableFinished) forwarded.destroy();
  });

  const answered = once(forwarded, "response") as Promise<[IncomingMessage]>;
  const inputData = [{ name: bindingName, data: {} }];
  const invoked = app
    .invoke(registered, { invocationId, inputData, triggerMetadata: triggerMetadata(call) })
    .then(({ result }) => {
      if (result === null || result === undefined) throw new Error("A streaming function has to return a response.");
      return answered;
    });
  invoked.catch(() => {});
  try {
    // Whichever comes first: the answer, which may begin long before the function is done, or the function's failure.
    const [answer] = await Promise.race([answered, invoked]);
    response.writeHead(answer.statusCode ?? 502, endToEndHeaders(answer.rawHeaders));
    answer.pipe(response);
    await once(answer, "end");
  } catch (error) {
    forwarded.destroy();
    if (response.destroyed) return; // the client went away
    logFailure(log, registered, error);
    if (response.headersSent) response.destroy();
    else response.writeHead(500, { "content-length": 0 }).end();
  }
  if (request.complete) return;
  request.unpipe(forwarded);
  forwarded.destroy();
  drain(request);
}

function forwardedHeaders({ request, host, invocationId }: HttpCall): string[] {
  const headers = endToEndHeaders(request.rawHeaders);
  if (request.headers["transfer-encoding"] !== undefined) headers.push("Transfer-Encoding", "chunked");
  headers.push("X-Forwarded-For", request.socket.remoteAddress ?? "");
  headers.push("X-Forwarded-Host", host, "X-Forwarded-Proto", "http", "x-ms-invocation-id", invocationId);
  return headers;
}

function endToEndHeaders(rawHeaders: readonly string[]): string[] {
  const kept: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const [name = "", value = ""] = rawHeaders.slice(index, index + 2);
    if (!NOT_FORWARDED.has(name.toLowerCase())) kept.push(name, value);
  }
  return kept;
}

/**
 * What goes with the invocation, as Azure's HTTP trigger collects it in one dictionary that ignores case: the query's
 * parameters, then the route's, then the collections `Query` and `Headers` unless something has that name already. The
 * library takes every string for a parameter of the route and `Headers` for the request's headers. So a query can add
 * parameters, change the case of their names, and hide or replace the headers.
 */
function triggerMetadata({ request, parameters, target }: HttpCall): Record<string, RpcTypedData> {
  const metadata = new Map<string, { name: string; value: RpcTypedData }>();
  const set = (name: string, value: RpcTypedData) => {
    const id = name.toLowerCase();
    metadata.set(id, { name: metadata.get(id)?.name ?? name, value });
  };
  const query = queryOf(target);
  for (const [name, string] of Object.entries(query)) if (!/^code$/i.test(name)) set(name, { string });
  for (const [name, string] of Object.entries(parameters)) set(name, { string });
  if (!metadata.has("query")) set("Query", { json: JSON.stringify(query) });
  if (!metadata.has("headers")) set("Headers", { json: JSON.stringify(headersOf(request)) });
  return Object.fromEntries([...metadata.values()].map(({ name, value }) => [name, value]));
}
