import { expect, test } from "vitest";
import { createTokenCheck } from "../../examples/protect-api.ts";
import { bodyOf } from "../support/http.ts";
import { startTestService } from "../support/test-service.ts";

const { stack, createClient, requestToken } = await startTestService();
const { TOKEN_ISSUER: issuer = "", TOKEN_AUDIENCE: audience = "" } = stack.settings;
const check = createTokenCheck(issuer, audience);

async function tokenOf(scopes: readonly string[]) {
  const client = await createClient({ scopes });
  const { access_token: token } = bodyOf(await requestToken(client)) as { access_token: string };
  return { ...client, token };
}

test("a token with the scope opens the API, and names its client", async () => {
  const { clientId, token } = await tokenOf(["search:read", "graph:read"]);
  expect(await check(`Bearer ${token}`, "graph:read")).toEqual({ clientId });
});

test("a token without the scope is 403 and says which scope is missing (RFC 6750 §3.1)", async () => {
  const { token } = await tokenOf(["search:read"]);
  expect(await check(`Bearer ${token}`, "search")).toEqual({
    status: 403,
    challenge: 'Bearer error="insufficient_scope", scope="search"',
  });
});

test.each([undefined, null, "", "Basic eDp5", "Bearer"])("no token is 401 (RFC 6750 §3): %j", async (authorization) => {
  expect(await check(authorization, "search:read")).toEqual({ status: 401, challenge: "Bearer" });
});

test("a forged token, one of an administrator and one for another API are 401", async () => {
  const { token } = await tokenOf(["search:read"]);
  const invalid = { status: 401, challenge: 'Bearer error="invalid_token"' };
  expect(await check(`Bearer ${token.slice(0, -4)}AAAA`, "search:read")).toEqual(invalid);
  expect(await check(`Bearer ${stack.adminToken()}`, "search:read")).toEqual(invalid);
  expect(await createTokenCheck(issuer, "https://other.example")(`Bearer ${token}`, "search:read")).toEqual(invalid);
});

test("keys that cannot be fetched are an error of ours, not a 401", async () => {
  const { token } = await tokenOf(["search:read"]);
  await expect(createTokenCheck("http://127.0.0.1:1", audience)(`Bearer ${token}`, "search:read")).rejects.toThrow();
});
