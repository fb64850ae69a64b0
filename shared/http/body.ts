import { PublicError } from "../request/public-error.ts";
import type { HttpRequest } from "./http-request.ts";

/**
 * Reads the body of a request, and stops at the first byte over the maximum, so that memory is bounded. The unread rest is drained after
 * the answer (exchange.ts).
 *
 * @throws PublicError
 */
export async function readBody(request: HttpRequest, maximumBytes: number, signal: AbortSignal): Promise<Uint8Array> {
  const tooLarge = () =>
    maximumBytes === 0
      ? new PublicError(400, { detail: "Send no body: this request takes none.", reason: "unexpected_body" })
      : new PublicError(413, {
          detail: `The body is too large: send at most ${maximumBytes / 1024} KiB.`,
          reason: "body_too_large",
        });
  if (Number(request.headers.get("content-length")) > maximumBytes) throw tooLarge();

  const { promise: late, reject } = Promise.withResolvers<never>();
  const giveUp = () =>
    reject(
      new PublicError(408, { detail: "The body did not arrive in time: send it at once.", reason: "body_too_slow" }),
    );
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
    if (error instanceof PublicError) throw error;
    throw new PublicError(400, { detail: "The body broke off: send it whole.", reason: "body_broken_off" });
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
  return Buffer.concat(chunks);
}

/**
 * Refuses a body where none is expected: a gateway may act on a body that this service does not read.
 *
 * @throws PublicError
 */
export async function refuseBody(request: HttpRequest, signal: AbortSignal): Promise<void> {
  await readBody(request, 0, signal);
}

/** Returns the media type of a request without parameters, in lower case (RFC 9110 §8.3.1); empty without a `Content-Type`. */
export function mediaType(request: HttpRequest): string {
  const [type = ""] = (request.headers.get("content-type") ?? "").split(";");
  return type.trim().toLowerCase();
}
