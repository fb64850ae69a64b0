import { PublicError, type PublicErrorDetails } from "../request/public-error.ts";

const STATUS = {
  invalid_request: 400,
  unsupported_grant_type: 400,
  invalid_scope: 400,
  invalid_client: 401,
  temporarily_unavailable: 503,
  server_error: 500,
} as const;

/** The error codes of the token endpoint (RFC 6749 §5.2; the last two are those of §4.1.2.1). docs/errors.md has a section for each. */
export type OAuthErrorCode = keyof typeof STATUS;

/** A refusal of the token endpoint. `detail` is its `error_description`, in the characters of RFC 6749 §5.2. */
export class OAuthError extends PublicError {
  override readonly name = "OAuthError";
  readonly code: OAuthErrorCode;

  constructor(code: OAuthErrorCode, details: PublicErrorDetails) {
    super(STATUS[code], details);
    this.code = code;
  }
}
