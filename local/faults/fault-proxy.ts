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
import type { Fault, FaultKind, Faults } from "./faults.ts";
import { operationOf, type ReceivedRequest } from "./operation.ts";

// The faults room breaks the requests between the service and the emulators. A fault is injected by a proxy on the wire, not by a stub in
// the code, so that the deployed bundle meets it through its real clients, and so that a write can be applied although its answer is
// lost, or long after the caller gave up. One list of rules (faults.ts) drives all proxies; operation.ts names the requests that
// rules match.

const DEFAULT_APPLY_LATER_MS = 1_000;

/** A proxy in front of one emulator. */
export interface FaultProxy {
  /** The URL of the emulator, with the port of the proxy. */
  readonly url: string;
  /** Settles when no request is held back or under way. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

/** Starts a proxy that forwards requests to an emulator and injects the faults of the rules. */
export async function startFaultProxy(target: string, certificate: Certificate, faults: Faults): Promise<FaultProxy> {
  const { protocol, host, hostname, port } = new URL(target);
  const secure = protocol === "https:";
  const agent = secure ? new HttpsAgent({ keepAlive: true, ca: certificate.cert }) : new HttpAgent({ keepAlive: true });
  const pending = new Set<Promise<unknown>>();

  async function forward({
    method,
    path,
    headers,
    body,
  }: ReceivedRequest): Promise<{ answer: IncomingMessage; body: Buffer }> {
    const { "transfer-encoding": chunked, ...forwarded } = headers;
    const length = chunked === undefined ? {} : { "content-length": body.length };
    // The vaults build links from the Host header, which must lead to the proxy. The admin issuer compares it with its own.
    const hostHeader = secure ? {} : { host };
    const options = { agent, hostname, port, method, path, headers: { ...forwarded, ...length, ...hostHeader } };
    const request = secure ? httpsRequest(options) : httpRequest(options);
    request.end(body);
    const [answer] = (await once(request, "response")) as [IncomingMessage];
    return { answer, body: await buffer(answer) };
  }

  async function passOn(received: ReceivedRequest, response: ServerResponse): Promise<void> {
    const { answer, body } = await forward(received);
    const { "transfer-encoding": _, connection: __, ...headers } = answer.headers;
    response.writeHead(answer.statusCode ?? 502, { ...headers, "content-length": body.length }).end(body);
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url: path = "", headers } = request;
    const received = { method, path, headers, body: await buffer(request) };
    const operation = operationOf(received);
    const fault = faults.next(operation);
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
        await sleep(fault.value ?? DEFAULT_APPLY_LATER_MS, undefined, { ref: false });
        return void (await forward(received));
      case "reset":
        return void response.destroy();
      case "demand-expiry":
        return isWithoutExpiry(operation, received) ? refuse(fault, operation, response) : passOn(received, response);
      default:
        return refuse(fault, operation, response);
    }
  }

  const onRequest = (request: IncomingMessage, response: ServerResponse) => {
    const handled = handle(request, response)
      .catch(() => response.destroy())
      .finally(() => pending.delete(handled));
    pending.add(handled);
  };
  const server = secure
    ? createHttpsServer({ cert: certificate.cert, key: certificate.key }, onRequest)
    : createServer(onRequest);
  const url = new URL(target);
  url.port = String(await listen(server));
  return {
    url: url.pathname === "/" ? url.origin : url.href,
    settled: async () => {
      while (pending.size > 0) await Promise.all(pending);
    },
    close: async () => {
      await close(server);
      agent.destroy();
    },
  };
}

/** Answers with an error in the body of the rule, or in that of Azure. */
function refuse(fault: Fault, operation: string, response: ServerResponse): void {
  const { status, headers = {}, body } = refusalOf(fault, operation);
  const type = fault.body === undefined ? "application/json" : "text/html";
  response.writeHead(status, { ...headers, "content-type": type }).end(fault.body ?? JSON.stringify(body));
}

function refusalOf({ kind, value }: Fault, operation: string): Refusal {
  switch (kind) {
    case "throttle":
      return {
        status: 429,
        headers: value === undefined ? {} : { "retry-after": String(value) },
        body: eitherBody("Throttled"),
      };
    case "fail":
      return { status: value ?? 500, body: eitherBody("InternalError") };
    default:
      return { status: 403, body: forbiddenBody(kind, operation) };
  }
}

interface Refusal {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: object;
}

/** Returns the body of a 403, with the codes and sentences of Azure. */
function forbiddenBody(kind: FaultKind, operation: string): object {
  if (kind === "demand-expiry" || operation === "secret-set") return REFUSED_BY_POLICY;
  return /^(table|change|usage|position)-/.test(operation) ? TABLE_ROLE_MISSING : VAULT_ROLE_MISSING;
}

/**
 * The effect Deny of the built-in policy "Key Vault secrets should have an expiration date" (azure-policy, Secrets_ExpirationSet.json).
 * Users report 403 Forbidden (packer-plugin-azure#235). No body is published: so none has an inner code that the service could rely on.
 */
const REFUSED_BY_POLICY = vaultBody(
  "Forbidden",
  "The secret is disallowed by policy: Key Vault secrets should have an expiration date.",
);
const VAULT_ROLE_MISSING = vaultBody(
  "Forbidden",
  "Caller is not authorized to perform action on resource.\r\nIf role assignments, deny assignments or role definitions were changed recently, please observe propagation time.",
  "ForbiddenByRbac",
);
const TABLE_ROLE_MISSING = tableBody(
  "AuthorizationPermissionMismatch",
  "This request is not authorized to perform this operation using this permission.",
);

/** Returns a body that is both Key Vault's and Table Storage's. */
function eitherBody(code: string): object {
  const message = "injected fault";
  return { ...vaultBody(code, message), ...tableBody(code, message) };
}

function vaultBody(code: string, message: string, innerCode?: string): object {
  return { error: { code, message, ...(innerCode && { innererror: { code: innerCode } }) } };
}

function tableBody(code: string, message: string): object {
  return { "odata.error": { code, message: { lang: "en-US", value: message } } };
}

/** Tells a write of a secret without an expiry date. As an update keeps the attributes that it does not name, this is stricter than Azure. */
function isWithoutExpiry(operation: string, { body }: ReceivedRequest): boolean {
  if (operation !== "secret-set" && operation !== "secret-update") return false;
  return typeof JSON.parse(body.toString()).attributes?.exp !== "number";
}
