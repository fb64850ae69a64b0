import type { HttpRequest } from "@azure/functions";
import { RequestError } from "./request-error.ts";

/**
 * Reads a request's body and stops at the first byte too many, so that memory stays flat whatever is sent.
 *
 * @throws RequestError
 */
export async function readBody(request: HttpRequest, maximumBytes: number, signal: AbortSignal): Promise<Uint8Array> {
  const tooLarge = () => new RequestError(413, `The body is too large: send at most ${maximumBytes / 1024} KiB.`);
  if (Number(request.headers.get("content-length")) > maximumBytes) throw tooLarge();
  if (!request.body) return new Uint8Array();

  const reader = request.body.getReader();
  const giveUp = () => void reader.cancel().catch(() => {});
  signal.addEventListener("abort", giveUp, { once: true });
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
      chunks.push(chunk.value);
      bytes += chunk.value.byteLength;
      if (bytes > maximumBytes) throw tooLarge();
    }
  } catch (error) {
    giveUp();
    throw error instanceof RequestError ? error : new RequestError(400, "The body broke off: send it whole.");
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
  if (signal.aborted) throw new RequestError(408, "The body did not arrive in time: send it at once.");
  return Buffer.concat(chunks);
}

/** The media type of a request without its parameters, in lower case (RFC 9110 §8.3.1); empty if there is none. */
export function mediaType(request: HttpRequest): string {
  const [type = ""] = (request.headers.get("content-type") ?? "").split(";");
  return type.trim().toLowerCase();
}
