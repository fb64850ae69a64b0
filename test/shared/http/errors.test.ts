import { expect, test } from "vitest";
import { OAuthError } from "../../../shared/http/oauth-error.ts";
import { Problem } from "../../../shared/http/problem.ts";

test.for([
  ["invalid_request", 400],
  ["unsupported_grant_type", 400],
  ["invalid_scope", 400],
  ["invalid_client", 401],
  ["temporarily_unavailable", 503],
  ["server_error", 500],
] as const)("%s is answered with %d (RFC 6749 §5.2) [check 19]", ([code, status]) => {
  const error = new OAuthError(code, { description: "d", reason: "r" });
  expect(error.status).toBe(status);
  expect(error.headers).toEqual(status === 401 ? { "WWW-Authenticate": 'Basic realm="socmate"' } : {});
});

test("an error of the token endpoint keeps a status and headers of its own", () => {
  const error = new OAuthError("invalid_request", {
    description: "d",
    reason: "r",
    status: 405,
    headers: { Allow: "POST" },
  });
  expect(error).toMatchObject({
    code: "invalid_request",
    status: 405,
    headers: { Allow: "POST" },
    message: "invalid_request: r",
  });
});

test("a problem is written as RFC 9457 §3.1 has it, and its reason is not", () => {
  const errors = [{ field: "name", detail: "Must not be empty." }];
  expect(JSON.parse(JSON.stringify(new Problem(400, { detail: "d", reason: "private", errors })))).toEqual({
    type: "about:blank",
    title: "Bad Request",
    status: 400,
    detail: "d",
    errors,
  });
  expect(new Problem(404, { detail: "d" }).toJSON()).not.toHaveProperty("errors");
  expect(new Problem(404, { detail: "d" }).reason).toBe("d");
});
