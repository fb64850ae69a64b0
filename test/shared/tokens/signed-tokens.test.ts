import { beforeEach, describe, expect, test, vi } from "vitest";
import type { Scope } from "../../../shared/model/scopes.ts";
import { Unavailable } from "../../../shared/request/retry.ts";
import type { SignedToken } from "../../../shared/signing/signer.ts";
import { createSignedTokens, type IssuedToken, type SignedTokens } from "../../../shared/tokens/signed-tokens.ts";
import { createClock, type FakeClock } from "../../fakes/fake-clock.ts";
import { createContext } from "../../fakes/fake-context.ts";

const config = {
  tokenIssuer: "https://auth.example",
  tokenAudience: "https://api.example",
  tokenLifetimeSeconds: 1800,
  tokenReuse: { burst: 10, perSecond: 1, seconds: 10 },
};
const client = { clientId: "socmate-test-abc123", secretName: "client-secret-1" };
const scopes: Scope[] = ["incidents:read", "search:read"];

let clock: FakeClock;
let issuer: SignedTokens;
const signer = {
  kid: "key-1",
  count: 0,
  accessToken: vi.fn(async (): Promise<SignedToken> => ({ accessToken: `token ${++signer.count}`, kid: signer.kid })),
  signsWith: (kid: string) => kid === signer.kid,
};

beforeEach(() => {
  clock = createClock();
  signer.kid = "key-1";
  signer.count = 0;
  signer.accessToken.mockClear();
  issuer = createSignedTokens(config, signer, clock);
});

const issue = (who = client, what = scopes) => issuer.tokenFor(who, what, createContext());

async function flood(): Promise<void> {
  for (let count = 0; count < 20; count++) await issue();
}

describe("the token issuer", () => {
  test("issues a new token to each request of a client that behaves", async () => {
    const tokens: IssuedToken[] = [];
    for (let count = 0; count < 30; count++) {
      tokens.push(await issue());
      clock.advance(1_000);
    }
    expect(new Set(tokens.map(({ accessToken }) => accessToken)).size).toBe(30);
    expect(new Set(tokens.map(({ claims }) => claims.jti)).size).toBe(30);
    for (const token of tokens) expect(token).toMatchObject({ expiresInSeconds: 1800, isReused: false });
  });

  test("gives the last token again in a flood of requests, and says how long it still lives", async () => {
    await flood();
    expect(signer.accessToken).toHaveBeenCalledTimes(10);
    clock.advance(900);
    const { accessToken, claims, expiresInSeconds, isReused } = await issue();
    expect([accessToken, isReused]).toEqual(["token 10", true]);
    expect(expiresInSeconds).toBe(1800);
    for (let seconds = 1; seconds < 10; seconds++) {
      clock.advance(1_000);
      await issue();
    }
    const last = await issue();
    expect(last.isReused).toBe(true);
    expect(last.expiresInSeconds).toBe(last.claims.exp - Math.floor(clock.now().getTime() / 1_000));
    expect(last.claims.jti).not.toBe(claims.jti);
  });

  test("tells the true rest of a token that is seconds old", async () => {
    issuer = createSignedTokens({ ...config, tokenReuse: { burst: 1, perSecond: 0.1, seconds: 10 } }, signer, clock);
    await issue();
    clock.advance(7_500);
    await expect(issue()).resolves.toMatchObject({ accessToken: "token 1", expiresInSeconds: 1793, isReused: true });
  });

  test.for([
    ["another client", { ...client, clientId: "socmate-other-abc123" }, scopes],
    ["another generation of the secret", { ...client, secretName: "client-secret-2" }, scopes],
    ["other scopes", client, scopes.slice(1)],
  ] as const)("never gives a token to %s", async ([, who, what]) => {
    await flood();
    await expect(issue(who, [...what])).resolves.toMatchObject({ accessToken: "token 11", isReused: false });
  });

  test("does not give a token of a key again that signs no more", async () => {
    await flood();
    signer.kid = "key-2";
    await expect(issue()).resolves.toMatchObject({ accessToken: "token 11", isReused: false });
    await expect(issue()).resolves.toMatchObject({ accessToken: "token 11", isReused: true });
  });

  test("signs ten times for a flood of concurrent requests", async () => {
    const tokens = await Promise.all(Array.from({ length: 100 }, () => issue()));
    expect(signer.accessToken).toHaveBeenCalledTimes(10);
    expect(tokens.filter(({ isReused }) => isReused)).toHaveLength(90);
  });

  test("does not remember a signature that failed", async () => {
    signer.accessToken.mockRejectedValueOnce(new Unavailable("azure_unavailable"));
    await expect(issue()).rejects.toMatchObject({ name: "Unavailable" });
    await flood();
    await expect(issue()).resolves.toMatchObject({ isReused: true });
  });

  test("signs every time when reuse is off", async () => {
    issuer = createSignedTokens({ ...config, tokenReuse: { burst: 10, perSecond: 1, seconds: 0 } }, signer, clock);
    await flood();
    expect(signer.accessToken).toHaveBeenCalledTimes(20);
  });
});
