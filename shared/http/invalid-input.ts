import type { FieldError } from "../model/problem-schema.ts";
import { PublicError, type PublicErrorDetails } from "../request/public-error.ts";

/** The refusal of a body or a query, with all its faults. */
export class InvalidInput extends PublicError {
  override readonly name = "InvalidInput";
  readonly errors: readonly FieldError[];

  constructor(details: PublicErrorDetails & { readonly errors: readonly FieldError[] }) {
    super(400, details);
    this.errors = details.errors;
  }
}
