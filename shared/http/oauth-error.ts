const STATUS = {
  invalid_request: 400,
  unsupported_grant_type: 400,
  invalid_scope: 400,
  invalid_client: 401,
  temporarily_unavailable: 503,
  server_error: 500,
} as const;

/** The error codes of the token endpoint (RFC 6749 §5.2; the last two are those of §4.1.2.1). */
export type OAuthErrorCode = keyof typeof STATUS;

/** What an {@link OAuthError} says beside its code. */
export interface OAuthErrorDetails {
  /** Public `error_description`: what to change, in the characters of RFC 6749 §5.2; never an echo of input. */
  description: string;
  /** For our log alone: what exactly was wrong. */
  reason: string;
  /** Differs from the code's own status for 405, 408 and 413. */
  status?: number;
  headers?: Record<string, string>;
}

/** A refusal or failure of the token endpoint: a code and a description for the caller, a reason for our log. */
export class OAuthError extends Error {
  override readonly name = "OAuthError";
  readonly code: OAuthErrorCode;
  readonly description: string;
  readonly reason: string;
  readonly status: number;
  readonly headers: Record<string, string>;

  constructor(code: OAuthErrorCode, { description, reason, status, headers }: OAuthErrorDetails) {
    super(`${code}: ${reason}`);
    this.code = code;
    this.description = description;
    this.reason = reason;
    this.status = status ?? STATUS[code];
    // RFC 7617 §2 wants a realm; a 401 without a challenge is not allowed (RFC 6749 §5.2, RFC 9110 §15.5.2).
    this.headers = this.status === 401 ? { "WWW-Authenticate": 'Basic realm="socmate"', ...headers } : { ...headers };
  }
}
