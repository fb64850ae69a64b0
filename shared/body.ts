import type { HttpRequest } from "@azure/functions";

/** Why a body could not be read: its size, its slowness, or a caller that went away. Each is the caller's doing. */
export class BodyError extends Error {
  override readonly name = "BodyError";
  /** 413, 408 or 400. */
  readonly status: number;
  /** Public: what to change. */
  readonly detail: string;

  constructor(status: number, detail: string) {
    super(detail);
    this.status = status;
    this.detail = detail;
  }
}

/**
 * Reads a request's body and stops at the first byte too many, so that memory stays flat whatever is sent.
 *
 * @throws BodyError
 */
export async function readBody(request: HttpRequest, maximumBytes: number, signal: AbortSignal): Promise<Uint8Array> {
  const tooLarge = () => new BodyError(413, `The body is too large: send at most ${maximumBytes / 1024} KiB.`);
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
    throw error instanceof BodyError ? error : new BodyError(400, "The body broke off: send it whole.");
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
  if (signal.aborted) throw new BodyError(408, "The body did not arrive in time: send it at once.");
  return Buffer.concat(chunks);
}

/** The media type of a request without its parameters, in lower case (RFC 9110 §8.3.1); empty if there is none. */
export function mediaType(request: HttpRequest): string {
  const [type = ""] = (request.headers.get("content-type") ?? "").split(";");
  return type.trim().toLowerCase();
}
