import type { FieldError } from "../../shared/model/problem-schema.ts";

/** What can become of a request, as far as an administrator would act differently on it. */
export type ApiErrorKind =
  | "offline"
  | "unreachable"
  | "unavailable"
  | "throttled"
  | "sign-in-refused"
  | "storage-blocked"
  | "signed-out"
  | "forbidden"
  | "not-found"
  | "conflict"
  | "invalid"
  | "failed";

/** What an {@link ApiError} says beside its kind. */
export interface ApiErrorDetails {
  /** What the server said about it, or what the page knows instead. */
  detail?: string | undefined;
  /** The faults of what was entered. */
  fields?: readonly FieldError[] | undefined;
  retryAfterSeconds?: number | undefined;
  /** The id under which the log of the service or its gateway knows the request. */
  requestId?: string | undefined;
  cause?: unknown;
}

/** A request that did not do what it was to do, in words for the administrator. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly kind: ApiErrorKind;
  readonly detail: string | undefined;
  readonly fields: readonly FieldError[];
  readonly retryAfterSeconds: number | undefined;
  readonly requestId: string | undefined;

  constructor(kind: ApiErrorKind, details: ApiErrorDetails = {}) {
    const { detail, fields = [], retryAfterSeconds, requestId, cause } = details;
    super(kind, { cause });
    this.kind = kind;
    this.detail = detail;
    this.fields = fields;
    this.retryAfterSeconds = retryAfterSeconds;
    this.requestId = requestId;
  }
}

/** Makes an {@link ApiError} of anything that was thrown. */
export function toApiError(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError("failed", { cause: error });
}
