import type { FieldError } from "../model/problem-schema.ts";
import { PublicError, type PublicErrorDetails } from "../request/public-error.ts";

/** A refusal that names the faults of a body or a query, all at once. */
export class InvalidInput extends PublicError {
  override readonly name = "InvalidInput";
  readonly errors: readonly FieldError[];

  constructor(details: PublicErrorDetails & { readonly errors: readonly FieldError[] }) {
    super(400, details);
    this.errors = details.errors;
  }
}
