import type { IncomingMessage } from "node:http";
import { buffer } from "node:stream/consumers";

// Kestrel's minimum data rate: 240 bytes/s after a grace period of 5 s (dotnet/aspnetcore, KestrelServerLimits.cs, TimeoutControl.cs).
// Only the time counts in which the host waits for the caller.
const GRACE_MS = 5000;
const MIN_BYTES_PER_MS = 0.24;
/** The framing of chunks counts towards the limit; Node does not tell its size, so that this is the least of it: the last chunk. */
const LAST_CHUNK_BYTES = 5;

/** A body that Kestrel does not let through: too large, or so slow that nothing more is waited for. */
export class RequestBodyError extends Error {
  readonly isSlow: boolean;

  constructor(message: string, { isSlow }: { isSlow: boolean }) {
    super(message);
    this.isSlow = isSlow;
  }
}

/** Whether a body belongs to the request: a `Content-Length` above 0, or chunks. */
export function hasBody(request: IncomingMessage): boolean {
  return request.headers["transfer-encoding"] !== undefined || lengthOf(request) > 0;
}

/** The `Content-Length` of a request, 0 if it has none. */
export function lengthOf({ headers }: IncomingMessage): number {
  return Number(headers["content-length"] ?? 0);
}

/**
 * Reads a body as Kestrel does. The bytes limit is `IHttpMaxRequestBodySizeFeature`, which azure-functions-host,
 * HttpRequestBodySizeMiddleware.cs, sets.
 *
 * @throws RequestBodyError when it is too large or too slow, and Node's error when the caller goes away.
 */
export async function* readBody(request: IncomingMessage, maxBytes: number): AsyncGenerator<Buffer> {
  if (lengthOf(request) > maxBytes) throw new RequestBodyError("The body is too large.", { isSlow: false });
  const chunks = request.iterator({ destroyOnReturn: false });
  let bytes = request.headers["transfer-encoding"] === undefined ? 0 : LAST_CHUNK_BYTES;
  let waitedMs = 0;
  for (;;) {
    const started = performance.now();
    const next = await atMost(Math.max(GRACE_MS, bytes / MIN_BYTES_PER_MS) - waitedMs, chunks.next());
    if (!next) throw new RequestBodyError("The body comes too slowly.", { isSlow: true });
    waitedMs += performance.now() - started;
    if (next.done) return;
    bytes += next.value.length;
    if (bytes > maxBytes) throw new RequestBodyError("The body is too large.", { isSlow: false });
    yield next.value;
  }
}

/** Reads a body whole, as `readBody` does. */
export function readWholeBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return buffer(readBody(request, maxBytes));
}

async function atMost<T>(milliseconds: number, work: Promise<T>): Promise<T | undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(resolve, milliseconds, undefined);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
    work.catch(() => {}); // it may fail after the time
  }
}
