import { describe, expect, test } from "vitest";
import { accessToken, accessTokenClaims } from "../../../shared/signing/access-token.ts";

const grant = {
  issuer: "https://auth.socmate.example",
  audience: "https://api.socmate.example",
  clientId: "socmate-x-abc123",
  scopes: ["search:read", "graph:read"],
  issuedAt: new Date("2026-03-27T00:00:00.999Z"),
  lifetimeSeconds: 1800,
} as const;

describe("the claims of an access token", () => {
  test("are those of RFC 9068 §2.2, and no nbf [check 23]", () => {
    expect(accessTokenClaims(grant)).toEqual({
      iss: "https://auth.socmate.example",
      aud: "https://api.socmate.example",
      sub: "socmate-x-abc123",
      client_id: "socmate-x-abc123",
      scope: "search:read graph:read",
      iat: Date.parse("2026-03-27T00:00:00Z") / 1000,
      exp: Date.parse("2026-03-27T00:30:00Z") / 1000,
      jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  });

  test("have a jti that no other token has [check 24]", () => {
    const ids = Array.from({ length: 1_000 }, () => accessTokenClaims(grant).jti);
    expect(new Set(ids).size).toBe(1_000);
  });
});

test("the header is alg, typ and kid, in that order (RFC 9068 §2.1), and the signature is of the first two parts [check 22]", async () => {
  const claims = accessTokenClaims(grant);
  const token = await accessToken("key-1", claims, async (data) => Buffer.from(`signature of ${Buffer.from(data)}`));
  const [header = "", payload = "", signature = "", ...rest] = token.split(".");
  expect(decode(header)).toBe('{"alg":"RS256","typ":"at+jwt","kid":"key-1"}');
  expect(JSON.parse(decode(payload))).toEqual(claims);
  expect(decode(signature)).toBe(`signature of ${header}.${payload}`);
  expect(rest).toEqual([]);
});

function decode(part: string): string {
  return Buffer.from(part, "base64url").toString();
}
