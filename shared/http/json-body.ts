import type { z } from "zod";
import type { RequestContext } from "../request/context.ts";
import { PublicError } from "../request/public-error.ts";
import { mediaType, readBody } from "./body.ts";
import type { HttpRequest } from "./http-request.ts";
import { faultsOf, invalidInput } from "./invalid-input.ts";

const MAX_BODY_BYTES = 64 * 1024;

/**
 * Reads a JSON body and validates it against a schema.
 *
 * @throws InvalidInput with the faults.
 * @throws PublicError for a body that cannot be read, or has another media type.
 */
export async function readJson<T>(request: HttpRequest, schema: z.ZodType<T>, context: RequestContext): Promise<T> {
  if (mediaType(request) !== "application/json") {
    throw new PublicError(415, {
      detail: "Send the body as JSON: Content-Type: application/json.",
      reason: "wrong_media_type",
    });
  }
  const body = parseJson(await readBody(request, MAX_BODY_BYTES, context.signal));
  const result = schema.safeParse(body);
  if (!result.success) throw invalidInput("body", faultsOf("body", result.error));
  return result.data;
}

function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    throw new PublicError(400, { detail: "The body is not valid JSON in UTF-8.", reason: "malformed_body" });
  }
}
