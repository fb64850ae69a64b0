import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createTokenCheck } from "../examples/protect-api.ts";
import { homePage } from "./home-page.ts";
import type { GatewayBackends } from "./host/gateway-backends.ts";
import { close, listen } from "./server/http-server.ts";

const SEARCH_PATH = "/api/v1/search";
const SCOPE = "search:read";

/** The server of the gateway's paths that are not the service's: the home page, and an API that takes the service's tokens. */
export interface ExampleApi {
  readonly backends: GatewayBackends;
  close(): Promise<void>;
}

/** Starts the example API, which checks access tokens by the sample of `examples/`, as SoCMate's own API does by its copy. */
export async function startExampleApi({
  TOKEN_ISSUER: issuer,
  TOKEN_AUDIENCE: audience,
}: Readonly<Record<"TOKEN_ISSUER" | "TOKEN_AUDIENCE", string>>): Promise<ExampleApi> {
  const check = createTokenCheck(issuer, audience);

  async function search({ headers, url = "" }: IncomingMessage, response: ServerResponse): Promise<void> {
    const verdict = await check(headers.authorization, SCOPE);
    if ("status" in verdict) {
      const { status, challenge } = verdict;
      const detail = status === 403 ? `The token lacks the scope ${SCOPE}.` : "No valid access token came.";
      return sendJson(response, status, { detail }, { "www-authenticate": challenge });
    }
    const query = new URL(url, issuer).searchParams.get("q");
    sendJson(response, 200, { query, client_id: verdict.clientId, results: [] });
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.resume();
    if (request.method !== "GET" && request.method !== "HEAD") return void response.writeHead(405).end();
    if (request.url?.startsWith(SEARCH_PATH)) return search(request, response);
    response.writeHead(200, HTML_HEADERS).end(homePage(issuer));
  }

  const server = createServer((request, response) => {
    // Without the key set there is no verdict, and the caller is not to blame (examples/protect-api.ts).
    answer(request, response).catch(() => sendJson(response, 503, { detail: "The keys cannot be fetched." }));
  });
  const origin = `http://127.0.0.1:${await listen(server)}`;
  return { backends: { "/": origin, [SEARCH_PATH]: origin }, close: () => close(server) };
}

const HTML_HEADERS = {
  "content-type": "text/html; charset=utf-8",
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
};

function sendJson(response: ServerResponse, status: number, body: object, headers = {}): void {
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store", ...headers });
  response.end(JSON.stringify(body));
}
