/**
 * The reasons of refusals and failures in the log. Log queries and alerts depend on these words; docs/operations.md explains each. The
 * note of an error adds details to its reason, such as the call to Azure that failed.
 */
export const REASONS = [
  // Refusals of the token endpoint.
  "client_assertion",
  "client_over_allowance",
  "disabled_client",
  "disabled_client_known_secret",
  "malformed_authorization",
  "malformed_client_id",
  "malformed_secret",
  "missing_grant_type",
  "no_credentials",
  "parameter_in_url",
  "repeated_parameter",
  "replaced_secret",
  "scope_not_granted",
  "two_authentication_methods",
  "unknown_client",
  "unsupported_grant_type",
  "wrong_secret",
  // Refusals of the admin API and its page.
  "admin_role_missing",
  "admin_scope_missing",
  "invalid_admin_token",
  "invalid_body",
  "invalid_query",
  "lost_race",
  "no_admin_token",
  "no_such_page",
  // Refusals of any request.
  "binding_data_conflict",
  "body_broken_off",
  "body_too_large",
  "body_too_slow",
  "malformed_body",
  "method_not_allowed",
  "unexpected_body",
  "wrong_media_type",
  // Failures.
  "admin_keys_unavailable",
  "answer_mismatch",
  "azure_refused",
  "azure_unavailable",
  "change_abandoned",
  "client_ids_taken",
  "deadline_exceeded",
  "internal_error",
  "no_active_signing_key",
  "no_published_signing_key",
  "outcome_unknown",
  "row_damaged",
  "secret_damaged",
  "secret_not_written",
  "signature_mismatch",
  "signing_vaults_busy",
  "wrong_settings",
] as const;
/** The reason of a refusal or failure. */
export type Reason = (typeof REASONS)[number];

/** The parts of a {@link PublicError} beside its status. */
export interface PublicErrorDetails {
  /** Public text: the fault and its correction, without an echo of input. By default the text of the status. */
  readonly detail?: string | undefined;
  /** For the log alone. */
  readonly reason: Reason;
  /** For the log alone: details of the reason, never input. */
  readonly note?: string | undefined;
  /** The wait before a retry, for a failure that may pass. */
  readonly retryAfterSeconds?: number | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly cause?: unknown;
  /** For the log alone. By default a status from 500 on is a failure of the service. */
  readonly outcome?: "refused" | "failed";
}

/** An error with a public form: a refusal, or a failure of the service. The one exit for errors (endpoint.ts) renders it. */
export class PublicError extends Error {
  override readonly name: string = "PublicError";
  readonly status: number;
  readonly detail: string | undefined;
  readonly reason: Reason;
  readonly note: string | undefined;
  readonly retryAfterSeconds: number | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly outcome: "refused" | "failed";

  constructor(status: number, details: PublicErrorDetails) {
    const { detail, reason, note, retryAfterSeconds, headers = {}, cause } = details;
    super(note === undefined ? reason : `${reason}: ${note}`, { cause });
    this.status = status;
    this.outcome = details.outcome ?? (status >= 500 ? "failed" : "refused");
    this.detail = detail;
    this.reason = reason;
    this.note = note;
    this.retryAfterSeconds = retryAfterSeconds;
    this.headers = {
      ...(retryAfterSeconds !== undefined && { "Retry-After": String(retryAfterSeconds) }),
      ...headers,
    };
  }
}
