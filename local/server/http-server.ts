import { once } from "node:events";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Server as HttpsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { text } from "node:stream/consumers";

/** What a stand-in answers instead of what it was asked for. */
export class HttpError extends Error {
  readonly status: number;
  readonly body: object;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, body: object, headers: Readonly<Record<string, string>> = {}) {
    super(`HTTP ${status}`);
    this.status = status;
    this.body = body;
    this.headers = headers;
  }
}

/** Every connection of a server: `closeAllConnections` leaves out those whose TLS handshake is under way, and waits for them for ever. */
const connections = new WeakMap<Server | HttpsServer, Set<Socket>>();

/** Listens on loopback only; port 0 lets the system choose. Returns the port; rejects when it is taken. */
export async function listen(server: Server | HttpsServer, port = 0): Promise<number> {
  // Clients keep connections longer than Node's 5 seconds, and one that is closed just as it is used again is a reset.
  server.keepAliveTimeout = 120_000;
  const sockets = new Set<Socket>();
  connections.set(server, sockets);
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** Stops listening and ends every connection, idle or not. */
export async function close(server: Server | HttpsServer): Promise<void> {
  const closed = once(server, "close");
  server.close();
  for (const socket of connections.get(server) ?? []) socket.destroy();
  await closed;
}

/** Answers with what `answer` returns as JSON, 204 for nothing, or what it throws as an `HttpError`. */
export async function respond(response: ServerResponse, answer: () => unknown): Promise<void> {
  try {
    const body = await answer();
    if (body === undefined) response.writeHead(204).end();
    else sendJson(response, 200, body);
  } catch (error) {
    if (response.req.socket.destroyed) return; // the client went away in the middle of its request
    if (!(error instanceof HttpError)) console.error(error);
    const { status, body, headers } = error instanceof HttpError ? error : new HttpError(500, {});
    response.req.resume();
    sendJson(response, status, body, headers);
  }
}

/** Reads the body of a request as JSON; no body is an empty object. */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const body = await text(request);
  try {
    return body === "" ? {} : JSON.parse(body);
  } catch {
    throw new HttpError(400, { error: { code: "BadParameter", message: "The body is not JSON." } });
  }
}

function sendJson(response: ServerResponse, status: number, body: unknown, headers = {}): void {
  const content = JSON.stringify(body);
  response.writeHead(status, {
    "content-type": "application/json; charset=utf-8",
    "content-length": Buffer.byteLength(content),
    "cache-control": "no-cache",
    ...headers,
  });
  response.end(content);
}
