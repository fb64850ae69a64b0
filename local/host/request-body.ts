import type { IncomingMessage } from "node:http";
import { buffer } from "node:stream/consumers";

// Kestrel's minimum data rate: 240 bytes/s after a grace period of 5 s (dotnet/aspnetcore, KestrelServerLimits.cs, TimeoutControl.cs).
// The time in which the host does not wait for the caller does not count.
const GRACE_MS = 5000;
const MIN_BYTES_PER_MS = 0.24;
/** The framing of chunks counts towards the limit. Node does not report its size, so the last chunk alone is counted. */
const LAST_CHUNK_BYTES = 5;

/** Thrown for a body that Kestrel refuses: too large, or slower than the minimum rate. */
export class RequestBodyError extends Error {
  readonly isSlow: boolean;

  constructor(message: string, { isSlow }: { isSlow: boolean }) {
    super(message);
    this.isSlow = isSlow;
  }
}

/** Whether a request has a body: a `Content-Length` above 0, or chunks. */
export function hasBody(request: IncomingMessage): boolean {
  return request.headers["transfer-encoding"] !== undefined || lengthOf(request) > 0;
}

/** Returns the `Content-Length` of a request, 0 if it has none. */
export function lengthOf({ headers }: IncomingMessage): number {
  return Number(headers["content-length"] ?? 0);
}

/**
 * Reads a body as Kestrel does. `maxBytes` is the limit that azure-functions-host, HttpRequestBodySizeMiddleware.cs, sets as
 * `IHttpMaxRequestBodySizeFeature`.
 *
 * @throws RequestBodyError when the body is too large or too slow, and Node's error when the caller closes the connection.
 */
export async function* readBody(request: IncomingMessage, maxBytes: number): AsyncGenerator<Buffer> {
  if (lengthOf(request) > maxBytes) throw new RequestBodyError("The body is too large.", { isSlow: false });
  const chunks = request.iterator({ destroyOnReturn: false });
  let bytes = request.headers["transfer-encoding"] === undefined ? 0 : LAST_CHUNK_BYTES;
  let waitedMs = 0;
  for (;;) {
    const started = performance.now();
    const next = await withTimeout(Math.max(GRACE_MS, bytes / MIN_BYTES_PER_MS) - waitedMs, chunks.next());
    if (!next) throw new RequestBodyError("The body comes too slowly.", { isSlow: true });
    waitedMs += performance.now() - started;
    if (next.done) return;
    bytes += next.value.length;
    if (bytes > maxBytes) throw new RequestBodyError("The body is too large.", { isSlow: false });
    yield next.value;
  }
}

/** Reads a whole body into memory, with the limits of `readBody`. */
export function readWholeBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return buffer(readBody(request, maxBytes));
}

/** Resolves with `undefined` when the work takes longer. */
async function withTimeout<T>(milliseconds: number, work: Promise<T>): Promise<T | undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(resolve, milliseconds, undefined);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
    work.catch(() => {}); // a failure after the time-out
  }
}
