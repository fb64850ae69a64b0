import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { oauthErrorResponse, problemResponse } from "../../../shared/http/error-responses.ts";
import { InvalidInput } from "../../../shared/http/invalid-input.ts";
import { OAuthError } from "../../../shared/http/oauth-error.ts";
import { PublicError, REASONS } from "../../../shared/request/public-error.ts";

const ID = "10ca1000-0000-4000-8000-0000000000f1";

test.for([
  ["invalid_request", 400],
  ["unsupported_grant_type", 400],
  ["invalid_scope", 400],
  ["invalid_client", 401],
  ["temporarily_unavailable", 503],
  ["server_error", 500],
] as const)("answers the error code %s with %d (RFC 6749 §5.2) [check 19]", ([code, status]) => {
  const error = new OAuthError(code, { detail: "d", reason: "wrong_secret" });
  expect(error.status).toBe(status);
  const { headers } = oauthErrorResponse(error, ID);
  const challenge = `Basic realm="socmate", error="${code}", error_description="d (request ${ID})"`;
  expect(headers["WWW-Authenticate"]).toBe(status === 401 ? challenge : undefined);
});

test("links an error to its section of the documentation, in the body and the challenge (RFC 6749 §5.2)", () => {
  const error = new OAuthError("invalid_client", { detail: "d", reason: "wrong_secret" });
  const { body, headers } = oauthErrorResponse(error, ID, "https://docs.socmate.example/errors");
  const link = "https://docs.socmate.example/errors#invalid_client";
  expect(JSON.parse(String(body))).toEqual({
    error: "invalid_client",
    error_description: `d (request ${ID})`,
    error_uri: link,
  });
  expect(headers["WWW-Authenticate"]).toBe(
    `Basic realm="socmate", error="invalid_client", error_description="d (request ${ID})", error_uri="${link}"`,
  );
});

test("keeps error_description and the challenge in the characters of RFC 6749 §5.2, whatever is in a detail [check 20] [check 63]", () => {
  const detail = 'a "quoted" \\ part\r\nX-Injected: 1 é';
  const { body, headers } = oauthErrorResponse(
    new OAuthError("invalid_client", { detail, reason: "wrong_secret" }),
    ID,
  );
  const description = `a ?quoted? ? part??X-Injected: 1 ? (request ${ID})`;
  expect(JSON.parse(String(body))).toEqual({ error: "invalid_client", error_description: description });
  expect(headers["WWW-Authenticate"]).toBe(
    `Basic realm="socmate", error="invalid_client", error_description="${description}"`,
  );
});

test("a problem has the members of RFC 9457 §3.1 without the reason and note", () => {
  const errors = [{ field: "name", detail: "Must not be empty." }];
  const bodyOf = (error: PublicError) => JSON.parse(String(problemResponse(error, ID).body));
  expect(bodyOf(new InvalidInput({ detail: "d", reason: "invalid_body", note: "private", errors }))).toEqual({
    type: "about:blank",
    title: "Bad Request",
    status: 400,
    detail: "d",
    instance: `urn:uuid:${ID}`,
    errors,
  });
  expect(bodyOf(new PublicError(404, { detail: "d", reason: "unknown_client" }))).not.toHaveProperty("errors");
});

test("docs/operations.md explains exactly the reasons of the code", () => {
  const [, section = ""] = readFileSync("docs/operations.md", "utf8").split("### Reasons");
  const [table = ""] = section.split("\n## ");
  const cells = [...table.matchAll(/^\| (`.*?`) \|/gm)].map(([, cell = ""]) => cell);
  const explained = cells.flatMap((cell) => cell.match(/[a-z_]{2,}/g) ?? []);
  expect(explained.toSorted()).toEqual(REASONS.toSorted());
});
