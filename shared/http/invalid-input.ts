import type { z } from "zod";
import type { FieldError } from "../model/problem-schema.ts";
import { containsClientSecret } from "../model/secret-pattern.ts";
import { PublicError, type PublicErrorDetails } from "../request/public-error.ts";

/** Bounds the answer: a small body can have thousands of faults. */
const MAX_ERRORS = 100;

/** The part of a request that has faults, and the text about an unknown name in it. */
const PARTS = {
  body: { reason: "invalid_body", unknown: "Is not a member of the body: remove it.", hidden: "(unknown member)" },
  query: {
    reason: "invalid_query",
    unknown: "Is not a parameter of this request: remove it.",
    hidden: "(unknown parameter)",
  },
} as const;
type Part = keyof typeof PARTS;

/** The refusal of a body or a query, with all its faults. */
export class InvalidInput extends PublicError {
  override readonly name = "InvalidInput";
  readonly errors: readonly FieldError[];

  constructor(details: PublicErrorDetails & { readonly errors: readonly FieldError[] }) {
    super(400, details);
    this.errors = details.errors;
  }
}

/** Creates the 400 that names the faults of a body or a query, up to {@link MAX_ERRORS}. */
export function invalidInput(part: Part, errors: readonly FieldError[]): InvalidInput {
  const detail = `The ${part} has ${errors.length === 1 ? "a fault" : `${errors.length} faults`}: correct what errors names.`;
  return new InvalidInput({ detail, reason: PARTS[part].reason, errors: errors.slice(0, MAX_ERRORS) });
}

/** Converts the issues of a schema to the faults of an answer. */
export function faultsOf(part: Part, error: z.ZodError): FieldError[] {
  return error.issues.flatMap((issue) => {
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => ({ field: shownName(part, key), detail: PARTS[part].unknown }));
    }
    if (issue.path.length === 0) return [{ field: "", detail: "Must be a JSON object." }];
    return [{ field: issue.path.join("."), detail: issue.message }];
  });
}

/** Returns an unknown name of a body or a query, unless it is long or may contain a client secret. */
export function shownName(part: Part, name: string): string {
  return name.length <= 100 && !containsClientSecret(name) ? name : PARTS[part].hidden;
}
