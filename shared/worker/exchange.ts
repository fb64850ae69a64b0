import type { IncomingMessage, ServerResponse } from "node:http";
import type { HttpResponse } from "../http/response.ts";
import type { Clock } from "../request/clock.ts";
import { UNREAD_BODY_MAX_DRAIN_MS } from "../request/time-limits.ts";

/** The header that relates a forwarded request, and its answer, to an invocation. */
export const INVOCATION_ID = "x-ms-invocation-id";
/** Above the body size that the host forwards (`FUNCTIONS_REQUEST_BODY_SIZE_LIMIT`): only a body that stalls ends its connection. */
const MAX_DRAINED_BYTES = 1024 * 1024;

/** A forwarded request and its answer. */
export class Exchange {
  readonly request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #clock: Clock;

  constructor(request: IncomingMessage, response: ServerResponse, clock: Clock) {
    this.request = request;
    this.#response = response;
    this.#clock = clock;
  }

  /** Empty if the header is missing. */
  get invocationId(): string {
    return String(this.request.headers[INVOCATION_ID] ?? "").replaceAll(", ", ",");
  }

  /**
   * Sends the answer and drains an unread body: the host reuses the connection for requests of other callers, and an unread rest would
   * block them.
   */
  answer({ status, headers, body }: HttpResponse): void {
    this.#response
      .writeHead(status, {
        ...headers,
        "Content-Length": Buffer.byteLength(body),
        [INVOCATION_ID]: this.invocationId,
      })
      .end(body);
    drainBody(this.request, this.#clock);
  }
}

function drainBody(request: IncomingMessage, clock: Clock): void {
  // An abandoned reader may still be attached and would keep the stream paused.
  request.removeAllListeners("readable").resume();
  if (request.complete) return;
  let bytes = 0;
  const cancel = clock.after(UNREAD_BODY_MAX_DRAIN_MS, () => request.destroy());
  request.once("close", cancel);
  request.on("data", (chunk: Buffer) => {
    bytes += chunk.byteLength;
    if (bytes > MAX_DRAINED_BYTES) request.destroy();
  });
}
