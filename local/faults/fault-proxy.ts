import { once } from "node:events";
import {
  createServer,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import { createServer as createHttpsServer, Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { buffer } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import type { Certificate } from "../azure/certificate.ts";
import { close, listen } from "../server/http-server.ts";
import type { Fault, Faults } from "./faults.ts";
import { operationOf, type Received } from "./operation.ts";

const DEFAULT_LATE_MS = 1_000;

/** A proxy in front of one stand-in. */
export interface FaultProxy {
  /** The stand-in's URL, but with the proxy's port. */
  readonly url: string;
  /** Settles when all that was to be applied later has been. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

/** Starts a proxy that passes requests on to a stand-in and does to them what the rules say. */
export async function startFaultProxy(target: string, certificate: Certificate, faults: Faults): Promise<FaultProxy> {
  const { protocol, host, hostname, port } = new URL(target);
  const secure = protocol === "https:";
  const agent = secure ? new HttpsAgent({ keepAlive: true, ca: certificate.cert }) : new HttpAgent({ keepAlive: true });
  const late = new Set<Promise<unknown>>();

  async function forward({
    method,
    path,
    headers,
    body,
  }: Received): Promise<{ answer: IncomingMessage; body: Buffer }> {
    const { "transfer-encoding": chunked, ...kept } = headers;
    const length = chunked === undefined ? {} : { "content-length": body.length };
    // The vaults build their URLs from the Host header, which is to be the proxy's; the issuer wants to see its own.
    const hostHeader = secure ? {} : { host };
    const options = { agent, hostname, port, method, path, headers: { ...kept, ...length, ...hostHeader } };
    const request = secure ? httpsRequest(options) : httpRequest(options);
    request.end(body);
    const [answer] = (await once(request, "response")) as [IncomingMessage];
    return { answer, body: await buffer(answer) };
  }

  async function passOn(received: Received, response: ServerResponse): Promise<void> {
    const { answer, body } = await forward(received);
    const { "transfer-encoding": _, connection: __, ...headers } = answer.headers;
    response.writeHead(answer.statusCode ?? 502, { ...headers, "content-length": body.length }).end(body);
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url: path = "", headers } = request;
    const received = { method, path, headers, body: await buffer(request) };
    const fault = faults.next(operationOf(received));
    if (!fault) return passOn(received, response);
    switch (fault.kind) {
      case "delay":
        await sleep(fault.value, undefined, { ref: false });
        return passOn(received, response);
      case "lose-reply":
        await forward(received);
        return void response.destroy();
      case "apply-later":
        response.destroy();
        await sleep(fault.value ?? DEFAULT_LATE_MS, undefined, { ref: false });
        return void (await forward(received));
      case "reset":
        return void response.destroy();
      default:
        return refuse(fault, response);
    }
  }

  const onRequest = (request: IncomingMessage, response: ServerResponse) => {
    const handled = handle(request, response)
      .catch(() => response.destroy())
      .finally(() => late.delete(handled));
    late.add(handled);
  };
  const server = secure
    ? createHttpsServer({ cert: certificate.cert, key: certificate.key }, onRequest)
    : createServer(onRequest);
  const url = new URL(target);
  url.port = String(await listen(server));
  return {
    url: url.pathname === "/" ? url.origin : url.href,
    settled: async () => {
      while (late.size > 0) await Promise.all(late);
    },
    close: async () => {
      await close(server);
      agent.destroy();
    },
  };
}

/** An error answer that names the fault in the words of both Table Storage and Key Vault. */
function refuse({ kind, value, body }: Fault, response: ServerResponse): void {
  const [status, code, headers] = {
    fail: [value ?? 500, "InternalError", {}] as const,
    throttle: [429, "Throttled", value === undefined ? {} : { "retry-after": String(value) }] as const,
    forbid: [403, "AuthorizationPermissionMismatch", {}] as const,
  }[kind as "fail" | "throttle" | "forbid"];
  const message = "injected fault";
  const text = JSON.stringify({
    error: { code, message },
    "odata.error": { code, message: { lang: "en", value: message } },
  });
  const type = body === undefined ? "application/json" : "text/html";
  response.writeHead(status, { ...headers, "content-type": type }).end(body ?? text);
}
