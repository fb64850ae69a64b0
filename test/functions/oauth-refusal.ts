import { expect } from "vitest";
import type { Answer } from "./invoke.ts";

/** The headers of every answer of the token endpoint (RFC 6749 §5.1). */
export const NO_STORE = { "Content-Type": "application/json", "Cache-Control": "no-store", Pragma: "no-cache" };

/**
 * Compares a whole error answer of the token endpoint. Its text must be in the characters of RFC 6749 §5.2, and the challenge of a 401
 * repeats it (RFC 7617 §2).
 */
export function expectRefusal(answer: Answer, status: number, error: string, headers: object = {}): void {
  const description = expect.stringMatching(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
  expect(answer).toMatchObject({ status, body: { error, error_description: description } });
  const { error_description: text } = answer.body as { error_description: string };
  const challenge = `Basic realm="socmate", error="${error}", error_description="${text}"`;
  expect(answer.headers).toEqual({ ...NO_STORE, ...(status === 401 && { "WWW-Authenticate": challenge }), ...headers });
  expect(Object.keys(answer.body as object)).toEqual(["error", "error_description"]);
}
