import type { HttpRequest } from "./http-request.ts";
import { RequestError } from "./request-error.ts";

/**
 * Reads a request's body and stops at the first byte too many, so that memory stays flat whatever is sent. What is left unread is
 * dropped with the answer (exchange.ts).
 *
 * @throws RequestError
 */
export async function readBody(request: HttpRequest, maximumBytes: number, signal: AbortSignal): Promise<Uint8Array> {
  const tooLarge = () =>
    maximumBytes === 0
      ? new RequestError(400, "Send no body: this request takes none.")
      : new RequestError(413, `The body is too large: send at most ${maximumBytes / 1024} KiB.`);
  if (Number(request.headers.get("content-length")) > maximumBytes) throw tooLarge();

  const { promise: late, reject } = Promise.withResolvers<never>();
  const giveUp = () => reject(new RequestError(408, "The body did not arrive in time: send it at once."));
  signal.addEventListener("abort", giveUp, { once: true });
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const readAll = async () => {
    for await (const chunk of request.body ?? []) {
      chunks.push(chunk);
      bytes += chunk.byteLength;
      if (bytes > maximumBytes) throw tooLarge();
    }
  };
  try {
    await Promise.race([readAll(), late]);
  } catch (error) {
    throw error instanceof RequestError ? error : new RequestError(400, "The body broke off: send it whole.");
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
  return Buffer.concat(chunks);
}

/**
 * Checks that a request has no body: one that nothing reads may still say something to whoever stands before this service.
 *
 * @throws RequestError
 */
export async function refuseBody(request: HttpRequest, signal: AbortSignal): Promise<void> {
  await readBody(request, 0, signal);
}

/** The media type of a request without its parameters, in lower case (RFC 9110 §8.3.1); empty if there is none. */
export function mediaType(request: HttpRequest): string {
  const [type = ""] = (request.headers.get("content-type") ?? "").split(";");
  return type.trim().toLowerCase();
}
