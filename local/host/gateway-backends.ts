import { type IncomingMessage, type ServerResponse, request as sendRequest } from "node:http";
import { pipeline } from "node:stream/promises";
import { end } from "./functions-call.ts";

/** Paths that the gateway does not forward to the Functions host, each with the origin that answers it. */
export type GatewayBackends = Readonly<Record<string, string>>;

/** Returns the origin for a request, or `undefined` when the Functions host answers it. */
export function backendOf({ url = "" }: IncomingMessage, backends: GatewayBackends): string | undefined {
  const [path = ""] = url.split("?", 1);
  return Object.hasOwn(backends, path) ? backends[path] : undefined;
}

/** Forwards a request to an origin as it is, without the key of the Functions host. Answers 502 when nothing answers there. */
export async function forwardToBackend(
  request: IncomingMessage,
  response: ServerResponse,
  origin: string,
): Promise<void> {
  const { method, url = "", headers } = request;
  const forwarded = sendRequest(new URL(url, origin), { method, headers });
  forwarded.on("response", (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    // A caller that has gone needs no answer.
    pipeline(answer, response).catch(() => response.destroy());
  });
  await pipeline(request, forwarded).catch(() => {
    if (!response.headersSent) end(request, response, 502);
  });
}
