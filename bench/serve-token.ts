import type { IncomingMessage, ServerResponse } from "node:http";
import { loadFunctionsApp } from "../local/host/functions-core.ts";
import type { HttpRequest } from "../shared/http/http-request.ts";
import { serve } from "./serve.ts";

interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** Serves the token function of a bundle on `node:http`, like the other competitors. The cost of the Functions host is measured separately. */
export async function serveToken(bundle: string): Promise<string> {
  const app = await loadFunctionsApp(bundle, (_level, line) => log(line));
  const token = app.functions.find(({ name }) => name === "token");
  if (!token) throw new Error(`${bundle} has no function token.`);
  const context = { invocationId: "bench", functionName: "token", info: log, warn: log, error: log };

  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const { status, headers, body } = (await token.callback(toRequest(request), context)) as Answer;
    response.writeHead(status, { ...headers, "Content-Length": body.length }).end(body);
  };
  return serve((request, response) => void handle(request, response).catch((error) => response.destroy(error)));
}

function log(line: string): void {
  process.stdout.write(`${line}\n`);
}

function toRequest(request: IncomingMessage): HttpRequest {
  const { method = "", headers, url = "" } = request;
  const get = (name: string) => (headers[name] as string | undefined) ?? null;
  const { searchParams: query } = new URL(url, "http://127.0.0.1");
  return { method, headers: { get }, query, params: {}, body: request };
}
