import type { IncomingMessage, ServerResponse } from "node:http";
import { loadFunctionsApp } from "../local/functions-core.ts";
import { serve } from "./serve.ts";

/** What the token function uses of the request that the Functions library makes. */
interface Request {
  method: string | undefined;
  url: string;
  query: URLSearchParams;
  headers: { get(name: string): string | null };
  body: { getReader(): BodyReader };
}

interface BodyReader {
  read(): Promise<{ done: boolean; value?: Buffer }>;
  cancel(): Promise<void>;
}

interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** Serves the token function of a bundle on a bare `node:http`, as peers are served; what the Functions library and host cost is measured apart. */
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

function toRequest(request: IncomingMessage): Request {
  const { method, headers } = request;
  const url = new URL(request.url ?? "/", "http://127.0.0.1");
  const get = (name: string) => (headers[name] as string | undefined) ?? null;
  return {
    method,
    url: url.href,
    query: url.searchParams,
    headers: { get },
    body: { getReader: () => readerOf(request) },
  };
}

function readerOf(request: IncomingMessage): BodyReader {
  const chunks = request[Symbol.asyncIterator]();
  return {
    read: async () => {
      const { done = false, value } = await chunks.next();
      return { done, value };
    },
    cancel: async () => void request.destroy(),
  };
}
