import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { answeredHeaders, forwardedHeaders } from "./forwarded-headers.ts";
import { hasBody, readBody } from "./request-body.ts";
import { sendToWorker } from "./worker-client.ts";

// The reverse proxy in Azure's host: it forwards a request to the worker's HTTP server, and the answer to the caller
// (azure-functions-host, DefaultHttpProxyService.cs; microsoft/reverse-proxy, HttpForwarder.cs).

/** ActivityTimeout of DefaultHttpProxyService.cs: the longest time without a byte in either direction. */
export const ACTIVITY_TIMEOUT_MS = 240_000;

/** A request to forward. `body` is present when it was read before; `target` is the encoded path and query. */
export interface ForwardOptions {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly uri: URL;
  readonly target: string;
  readonly invocationId: string;
  readonly body: Buffer | undefined;
  readonly maxBodyBytes: number;
  readonly activityTimeoutMs: number;
}

/**
 * Forwards a request to the worker and copies the answer to the caller. Resolves with a function that ends the answer, because Azure's
 * host ends it when the invocation is over. The head of an answer without a body is sent at its end too.
 *
 * @throws an error, not logged yet, when the answer is incomplete.
 */
export async function forwardRequest(options: ForwardOptions): Promise<() => void> {
  const { request, response, uri, target, invocationId, activityTimeoutMs } = options;
  const activity = new Activity(activityTimeoutMs);
  const leave = () => activity.end(new Error("The caller closed the connection."));
  response.once("close", leave);
  try {
    const answer = await sendToWorker({
      uri,
      method: request.method ?? "",
      target,
      headers: forwardedHeaders(request, uri, invocationId),
      body: hasBody(request)
        ? activity.of(options.body ? only(options.body) : readBody(request, options.maxBodyBytes))
        : undefined,
      signal: activity.signal,
    });
    activity.renew();
    return await copyAnswer(answer, response, activity);
  } catch (error) {
    throw activity.signal.aborted ? activity.signal.reason : error;
  } finally {
    activity.stop();
    response.off("close", leave);
  }
}

async function copyAnswer(answer: IncomingMessage, response: ServerResponse, activity: Activity): Promise<() => void> {
  const begin = () => {
    if (!response.headersSent) response.writeHead(answer.statusCode ?? 502, answeredHeaders(answer));
  };
  for await (const chunk of activity.of(answer)) {
    begin();
    if (!response.write(chunk)) await once(response, "drain", { signal: activity.signal });
  }
  return () => {
    begin();
    response.end();
  };
}

async function* only(chunk: Buffer): AsyncGenerator<Buffer> {
  yield chunk;
}

/** An abort signal that fires after a time without activity. */
class Activity {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;

  constructor(timeoutMs: number) {
    this.#timer = setTimeout(() => this.end(new Error("Nothing came from the worker.")), timeoutMs);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  renew(): void {
    this.#timer.refresh();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  end(reason: Error): void {
    this.#controller.abort(reason);
  }

  /** Passes chunks through; each renews the time-out. */
  async *of(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      this.renew();
      yield chunk;
    }
  }
}
