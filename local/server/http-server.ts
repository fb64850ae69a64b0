import { once } from "node:events";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Server as HttpsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { text } from "node:stream/consumers";

// The server room is the part that all emulators share: an HTTP server on loopback whose end closes every connection, and answers in
// JSON. It is on Node's own server, since a framework would hide the bytes and connections that the emulators have to play. It knows
// nothing of Azure and imports no other room.

/** An error answer of an emulator, with its body and headers. */
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

/** The connections of each server. Node's `closeAllConnections` leaves out those in a TLS handshake, so `close` would never end. */
const connections = new WeakMap<Server | HttpsServer, Set<Socket>>();

/** Listens on loopback; port 0 lets the system choose one. Returns the port. Rejects with `EADDRINUSE` when it is taken. */
export async function listen(server: Server | HttpsServer, port = 0): Promise<number> {
  // Clients reuse idle connections for longer than Node's 5 seconds. A connection that closes while a client reuses it is a reset.
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

/** Answers with the result of `answer` as JSON, with 204 for `undefined`, or with the `HttpError` that it throws. */
export async function respond(response: ServerResponse, answer: () => unknown): Promise<void> {
  try {
    const body = await answer();
    if (body === undefined) response.writeHead(204).end();
    else sendJson(response, 200, body);
  } catch (error) {
    if (response.req.socket.destroyed) return; // the client closed the connection
    if (!(error instanceof HttpError)) console.error(error);
    const { status, body, headers } = error instanceof HttpError ? error : new HttpError(500, {});
    response.req.resume();
    sendJson(response, status, body, headers);
  }
}

/**
 * Reads the body of a request as JSON; an empty body is an empty object.
 *
 * @throws HttpError 400 when it is not JSON.
 */
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
