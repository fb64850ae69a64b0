import { randomUUID } from "node:crypto";
import { HttpRequest, type HttpRequestInit, type HttpResponseInit, InvocationContext } from "@azure/functions";
import { adminEndpoint, type Endpoint, publicEndpoint, tokenEndpoint } from "../../shared/endpoint.ts";
import type { FakeServices } from "../fakes/fake-services.ts";
import { withoutRequestId } from "../support/http.ts";

/** The answer of an endpoint and its log lines. */
export interface Answer {
  status: number | undefined;
  headers: Record<string, string>;
  /** The parsed JSON body. */
  body: unknown;
  /** The parsed log lines of the request, in order. */
  lines: Record<string, unknown>[];
  /** Headers and body with the id of the request. */
  asSent: { headers: Record<string, string>; body: unknown };
}

type MakeHandler = typeof tokenEndpoint;

/** Sends one request through the Functions handler of an endpoint, as the host does. */
async function invoke(
  make: MakeHandler,
  endpoint: Endpoint,
  source: Parameters<MakeHandler>[1],
  request: Partial<HttpRequestInit>,
): Promise<Answer> {
  const lines: Answer["lines"] = [];
  const context = new InvocationContext({
    invocationId: randomUUID(),
    functionName: endpoint.name,
    logHandler: (_level, line) => void lines.push(JSON.parse(String(line))),
  });
  const sent = new HttpRequest({ method: "GET", url: "http://127.0.0.1/", ...request });
  const { status, headers, body }: HttpResponseInit = (await make(endpoint, source)(sent, context)) ?? {};
  // The headers of every answer have tests of their own: security-headers.test.ts and request-id.test.ts in test/conformance.
  const { "X-Content-Type-Options": _, "Strict-Transport-Security": __, ...own } = headers as Answer["headers"];
  const answer = { status: Number(status), headers: own, text: String(body) };
  const { headers: others, text } = withoutRequestId(answer);
  const asSent = { headers: answer.headers, body: JSON.parse(answer.text) };
  return { status, headers: others, body: JSON.parse(text), lines, asSent };
}

/** Sends a request to a public endpoint. */
export function askPublic(endpoint: Endpoint, services: FakeServices): Promise<Answer> {
  return invoke(publicEndpoint, endpoint, () => services, {});
}

/** A request to the token endpoint. The form is sent unless a body is given. */
export interface TokenRequest extends Partial<HttpRequestInit> {
  form?: Record<string, string>;
}

/** Sends a request to the token endpoint, by default a POST of a form. */
export function askToken(endpoint: Endpoint, services: FakeServices, request: TokenRequest): Promise<Answer> {
  const { form, headers, ...rest } = request;
  return invoke(tokenEndpoint, endpoint, () => services, {
    method: "POST",
    url: "http://127.0.0.1/oauth/token",
    headers: { "content-type": "application/x-www-form-urlencoded", ...headers },
    ...(form && { body: { string: new URLSearchParams(form).toString() } }),
    ...rest,
  });
}

/** Returns the form of a token request. */
export function tokenForm(clientId: string, clientSecret: string): Record<string, string> {
  return { grant_type: "client_credentials", client_id: clientId, client_secret: clientSecret };
}

/** A request of an administrator: `json` is its body, `clientId` the parameter of its path. */
export interface AdminRequest extends Partial<HttpRequestInit> {
  json?: unknown;
  clientId?: string;
}

/** Sends a request to an endpoint of the admin API, with a valid admin token unless the headers replace it. */
export function askAdmin(endpoint: Endpoint, services: FakeServices, request: AdminRequest = {}): Promise<Answer> {
  const { json, clientId, headers, ...rest } = request;
  return invoke(adminEndpoint, endpoint, () => services, {
    method: json === undefined ? "GET" : "POST",
    headers: { authorization: `Bearer ${services.adminToken()}`, "content-type": "application/json", ...headers },
    ...(json !== undefined && { body: { string: JSON.stringify(json) } }),
    ...(clientId !== undefined && { params: { client_id: clientId } }),
    ...rest,
  });
}
