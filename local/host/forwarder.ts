import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { answeredHeaders, forwardedHeaders } from "./forwarded-headers.ts";
import { hasBody, readBody } from "./request-body.ts";
import { sendToWorker } from "./worker-client.ts";

// The reverse proxy in Azure's host, which hands a request to the worker's own HTTP server and its answer to the caller
// (azure-functions-host, DefaultHttpProxyService.cs; microsoft/reverse-proxy, HttpForwarder.cs).

/** ActivityTimeout of DefaultHttpProxyService.cs: how long nothing may move in either direction. */
export const ACTIVITY_TIMEOUT_MS = 240_000;

/** What to forward: `body` if it was read before, `target` as it goes to the worker. */
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
 * Forwards a request to the worker and copies the answer to the caller; resolves with what ends that answer, which Azure's host does
 * when the invocation is over. An answer without a body is not seen before.
 *
 * @throws when there is no whole answer: an error that was logged nowhere yet.
 */
export async function forwardRequest(options: ForwardOptions): Promise<() => void> {
  const { request, response, uri, target, invocationId, activityTimeoutMs } = options;
  const activity = new Activity(activityTimeoutMs);
  const leave = () => activity.end(new Error("The caller went away."));
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

/** Ends when nothing has happened for some time. */
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

  /** The chunks, each of which counts as activity. */
  async *of(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      this.renew();
      yield chunk;
    }
  }
}
