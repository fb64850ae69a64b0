import { OAuthError } from "./oauth-error.ts";

/** The request parameters of OAuth 2.0 that may stand in a token request (RFC 6749 §4.4.2 and §2.3.1, RFC 7521 §4.2). */
export const OAUTH_PARAMETERS = [
  "grant_type",
  "scope",
  "client_id",
  "client_secret",
  "client_assertion",
  "client_assertion_type",
] as const;

/** The OAuth parameters of a request, without those that are absent or empty. */
export type Form = { [name in (typeof OAUTH_PARAMETERS)[number]]?: string };

/**
 * Parses the OAuth parameters of an `application/x-www-form-urlencoded` body. Other parameters are ignored, and a parameter without a value
 * is treated as absent (RFC 6749 §3.2). A plus sign is a space (App. B); a raw space or colon in a value is accepted.
 *
 * @throws OAuthError `invalid_request` for malformed encoding, and for a repeated OAuth parameter, even if it is empty.
 */
export function parseForm(body: Uint8Array): Form {
  const form: Form = {};
  const seen = new Set<string>();
  for (const pair of decodeUtf8(body).split("&")) {
    const equals = pair.indexOf("=");
    const name = decodeFormComponent(equals < 0 ? pair : pair.slice(0, equals));
    const value = equals < 0 ? "" : decodeFormComponent(pair.slice(equals + 1));
    if (name === undefined || value === undefined) throw malformed("percent-encoding");
    if (!isOAuthParameter(name)) continue;
    if (seen.has(name)) throw repeated(name);
    seen.add(name);
    if (value !== "") form[name] = value;
  }
  return form;
}

/** Decodes one name or value of a form (RFC 6749 App. B), or returns `undefined` if its percent-encoding is malformed. */
export function decodeFormComponent(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return undefined;
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

function decodeUtf8(body: Uint8Array): string {
  try {
    return utf8.decode(body);
  } catch {
    throw malformed("UTF-8");
  }
}

function isOAuthParameter(name: string): name is keyof Form {
  return (OAUTH_PARAMETERS as readonly string[]).includes(name);
}

function malformed(encoding: string): OAuthError {
  return new OAuthError("invalid_request", {
    detail: `The body is malformed: encode it as application/x-www-form-urlencoded, with correct ${encoding}.`,
    reason: "malformed_body",
    note: encoding,
  });
}

function repeated(name: keyof Form): OAuthError {
  return new OAuthError("invalid_request", {
    detail: `The parameter ${name} is repeated: send it once.`,
    reason: "repeated_parameter",
    note: name,
  });
}
