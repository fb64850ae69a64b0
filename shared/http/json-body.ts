import type { z } from "zod";
import type { FieldError } from "../model/problem-schema.ts";
import { containsClientSecret } from "../model/secret-pattern.ts";
import type { RequestContext } from "../request/context.ts";
import { PublicError } from "../request/public-error.ts";
import { mediaType, readBody } from "./body.ts";
import type { HttpRequest } from "./http-request.ts";
import { InvalidInput } from "./invalid-input.ts";

const MAX_BODY_BYTES = 64 * 1024;
/** Bounds the answer: a small body can have thousands of faults. */
const MAX_ERRORS = 100;

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
  if (!result.success) throw invalidInput("body", result.error);
  return result.data;
}

/** Creates the 400 that names the faults of a body or a query, up to {@link MAX_ERRORS}. */
export function invalidInput(where: "body" | "query", error: z.ZodError): InvalidInput {
  const errors = error.issues.flatMap(fieldErrors);
  const detail = `The ${where} has ${errors.length === 1 ? "a fault" : `${errors.length} faults`}: correct what errors names.`;
  const reason = where === "body" ? "invalid_body" : "invalid_query";
  return new InvalidInput({ detail, reason, errors: errors.slice(0, MAX_ERRORS) });
}

function fieldErrors(issue: z.core.$ZodIssue): FieldError[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({ field: shown(key), detail: "Is not a member of the body: remove it." }));
  }
  if (issue.path.length === 0) return [{ field: "", detail: "Must be a JSON object." }];
  return [{ field: issue.path.join("."), detail: issue.message }];
}

/** Returns the name of an unknown member, unless it is long or may contain a client secret. */
function shown(key: string): string {
  return key.length <= 100 && !containsClientSecret(key) ? key : "(unknown member)";
}

function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    throw new PublicError(400, { detail: "The body is not valid JSON in UTF-8.", reason: "malformed_body" });
  }
}
