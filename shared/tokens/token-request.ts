import { mediaType, readBody } from "../http/body.ts";
import { type Form, parseForm } from "../http/form.ts";
import type { HttpRequest } from "../http/http-request.ts";
import { requireMethod } from "../http/methods.ts";
import { OAuthError } from "../http/oauth-error.ts";
import type { RequestContext } from "../request/context.ts";
import { type Credentials, readCredentials } from "./client-auth.ts";
import { strayCharacter } from "./stray-character.ts";
import { wellFormed } from "./well-formed.ts";

const MAX_BODY_BYTES = 8 * 1024;
const GRANT_TYPE = "client_credentials";
const FORM = "application/x-www-form-urlencoded";
/** The other media types that callers send, and that a refusal names. */
const OTHER_MEDIA_TYPES = ["application/json", "application/xml", "multipart/form-data", "text/plain"];
/** The most harmful first: a refusal names one. */
const NEVER_IN_URL = ["client_secret", "client_id", "client_assertion", "client_assertion_type", "scope"] as const;

/** A token request of the client credentials grant (RFC 6749 §4.4.2). */
export interface TokenRequest {
  readonly credentials: Credentials;
  /** The requested scope; `undefined` requests all scopes of the client (§3.3). */
  readonly scope: string | undefined;
}

/**
 * Reads and checks a token request, without a call to a store.
 *
 * @throws OAuthError for another media type or grant, for parameters in the URL, and for missing or malformed credentials.
 * @throws PublicError for another method, and for a body that cannot be read.
 */
export async function readTokenRequest(request: HttpRequest, { signal, audit }: RequestContext): Promise<TokenRequest> {
  requireMethod(request, "POST");
  if (mediaType(request) !== FORM) throw wrongMediaType(request);
  refuseInUrl(request.query);

  const body = await readBody(request, MAX_BODY_BYTES, signal);
  try {
    const form = parseForm(body);
    requireGrantType(form, request.query);
    const credentials = readCredentials(request.headers.get("authorization"), form);
    return { credentials: wellFormed(credentials, audit), scope: form.scope };
  } catch (error) {
    throw error instanceof OAuthError ? withHint(error, body) : error;
  }
}

function wrongMediaType(request: HttpRequest): OAuthError {
  return new OAuthError("invalid_request", {
    detail: `The Content-Type ${received(request)}: send the parameters as a form, Content-Type: ${FORM}.`,
    reason: "wrong_media_type",
  });
}

/** Describes the media type of a request without an echo of it. */
function received(request: HttpRequest): string {
  const type = mediaType(request);
  if (type === "") return "is missing";
  if (type.includes("form-urlencoded")) {
    return "names the form in another way, such as twice, in quotes, or without a semicolon before a parameter";
  }
  const known = OTHER_MEDIA_TYPES.find((other) => other === type);
  return known ? `is ${known}` : "is that of something else";
}

/** Refuses parameters in the URL, where logs keep them (RFC 6749 §2.3.1). `grant_type` is looked at with the form. */
function refuseInUrl(query: URLSearchParams): void {
  const name = NEVER_IN_URL.find((each) => query.has(each));
  if (!name) return;
  const leaked = query.get("client_secret") ? " Then regenerate the secret: logs may have it." : "";
  throw parameterInUrl(name, `${name} is in the URL`, leaked);
}

/**
 * Requires the client credentials grant in the form. The same value in the URL contradicts nothing and is accepted: a connector of
 * Microsoft Sentinel whose TokenEndpoint has it in its query sends both.
 */
function requireGrantType(form: Form, query: URLSearchParams): void {
  const inUrl = query.getAll("grant_type");
  if (!form.grant_type) {
    throw inUrl.length > 0 ? parameterInUrl("grant_type", "grant_type is in the URL alone") : missingGrantType();
  }
  if (form.grant_type !== GRANT_TYPE) throw unsupportedGrantType(form.grant_type);
  if (inUrl.length > 1) throw parameterInUrl("grant_type", "grant_type is repeated in the URL");
  if (inUrl.some((value) => value !== GRANT_TYPE)) {
    throw parameterInUrl("grant_type", "grant_type has another value in the URL than in the body");
  }
}

function parameterInUrl(name: string, fault: string, more = ""): OAuthError {
  return new OAuthError("invalid_request", {
    detail: `${fault}: send grant_type, scope and credentials in the form in the body, not in the URL.${more}`,
    reason: "parameter_in_url",
    note: name,
  });
}

function missingGrantType(): OAuthError {
  return new OAuthError("invalid_request", {
    detail: "The parameter grant_type is missing: send grant_type=client_credentials in the form in the body.",
    reason: "missing_grant_type",
  });
}

function unsupportedGrantType(value: string): OAuthError {
  const stray = strayCharacter(value);
  return new OAuthError("unsupported_grant_type", {
    detail: stray
      ? `grant_type has ${stray}: send grant_type=client_credentials.`
      : "Send grant_type=client_credentials: it is the only grant here.",
    reason: "unsupported_grant_type",
    note: stray,
  });
}

/** Adds to a refusal what the bytes of the body show. Status, error code and reason stay. */
function withHint(error: OAuthError, body: Uint8Array): OAuthError {
  const hint = hintOf(Buffer.from(body).toString("latin1"));
  if (!hint) return error;
  const { code, detail, reason, note } = error;
  return new OAuthError(code, { detail: `${detail} ${hint}`, reason, note });
}

function hintOf(body: string): string | undefined {
  if (body.includes("\0")) return "The body has zero bytes, as UTF-16 has: encode it in UTF-8.";
  if (/^\s*[{[]/.test(body)) return "The body is JSON: send a form, such as grant_type=client_credentials&scope=...";
  if (/[\r\n]/.test(body)) {
    return "The body has a line break: send the parameters in one line, joined by &, with nothing after the last one.";
  }
  return undefined;
}
