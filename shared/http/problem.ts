import { STATUS_CODES } from "node:http";
import type { FieldError } from "../model/problem-schema.ts";

/** What a {@link Problem} says beside its status. */
export interface ProblemDetails {
  /** Public: what is wrong and what to change. */
  detail: string;
  /** For our log alone, where it says more than `detail`. */
  reason?: string;
  /** Every fault of a bad body or query at once. */
  errors?: readonly FieldError[];
  headers?: Record<string, string>;
}

/** A refusal or failure of every endpoint but the token endpoint: problem details (RFC 9457) for the caller, a reason for our log. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly status: number;
  readonly detail: string;
  readonly reason: string;
  readonly errors: readonly FieldError[] | undefined;
  readonly headers: Record<string, string>;

  constructor(status: number, { detail, reason = detail, errors, headers = {} }: ProblemDetails) {
    super(`${status}: ${reason}`);
    this.status = status;
    this.detail = detail;
    this.reason = reason;
    this.errors = errors;
    this.headers = headers;
  }

  /** The members of RFC 9457 §3.1, and `errors` as its §3.2 allows; `about:blank` says that the status tells the type. */
  toJSON() {
    return {
      type: "about:blank",
      title: STATUS_CODES[this.status],
      status: this.status,
      detail: this.detail,
      ...(this.errors && { errors: this.errors }),
    };
  }
}
