import { STATUS_CODES } from "node:http";
import type { Answer } from "./http.ts";

/** Returns a JSON answer that must not be cached, with these members in this order. */
export function jsonAnswer(status: number, body: object, headers: Record<string, string> = {}): Answer {
  return {
    status,
    headers: { "content-type": "application/json", "cache-control": "no-store", ...headers },
    text: JSON.stringify(body),
  };
}

/** Returns an error answer of the token endpoint (RFC 6749 §5.2), with the challenge of a 401 (RFC 7617 §2). */
export function oauthError(
  status: number,
  error: string,
  description: string,
  headers: Record<string, string> = {},
): Answer {
  const challenge = `Basic realm="socmate", error="${error}", error_description="${description}"`;
  return jsonAnswer(
    status,
    { error, error_description: description },
    { pragma: "no-cache", ...(status === 401 && { "www-authenticate": challenge }), ...headers },
  );
}

/** Returns an error answer of every other endpoint (RFC 9457). */
export function problem(
  status: number,
  detail: string,
  errors?: readonly { field: string; detail: string }[],
  headers: Record<string, string> = {},
): Answer {
  const body = { type: "about:blank", title: STATUS_CODES[status], status, detail, errors };
  return jsonAnswer(status, body, { "content-type": "application/problem+json", ...headers });
}

/** The answer to every failed authentication of a client. */
export const REFUSED = oauthError(
  401,
  "invalid_client",
  "The client is unknown or disabled, or its secret is wrong: check client_id and client_secret.",
);
