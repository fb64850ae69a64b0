import type { ClientRow } from "../clients/client-store.ts";
import type { Scope } from "../model/scopes.ts";
import type { Clock } from "../request/clock.ts";
import type { RequestContext } from "../request/context.ts";
import { type AccessTokenClaims, accessTokenClaims } from "../signing/access-token.ts";
import type { SignedToken, Signer } from "../signing/signer.ts";
import { type ReuseRules, TokenReuse } from "./token-reuse.ts";

/** What access tokens say, and how often a new one is signed. */
export interface TokenSettings {
  /** `https://auth.<host>`: `iss`, and the base of every URL that is published. */
  readonly tokenIssuer: string;
  /** `aud` of the access tokens. */
  readonly tokenAudience: string;
  readonly tokenLifetimeSeconds: number;
  readonly tokenReuse: ReuseRules;
}

/** An access token as it is given out. */
export interface IssuedToken {
  accessToken: string;
  claims: AccessTokenClaims;
  expiresInSeconds: number;
  /** Whether it was given out before. */
  isReused: boolean;
}

/** Issues access tokens to clients that were authenticated for this very request. */
export interface TokenIssuer {
  /**
   * Signs a token. A client that asks for the same one faster than it can use them gets the one that was signed for it last: same
   * generation of its secret, same scopes, same key.
   *
   * @throws Unavailable
   */
  issue(
    client: Pick<ClientRow, "clientId" | "secretName">,
    scopes: readonly Scope[],
    context: RequestContext,
  ): Promise<IssuedToken>;
}

/** Makes the process's mint. */
export function createTokenIssuer(
  config: TokenSettings,
  signer: Pick<Signer, "accessToken" | "signsWith">,
  clock: Clock,
): TokenIssuer {
  /** Tokens under way too, so that a storm from a standing start is one signature for all beyond the burst. */
  const recent = new TokenReuse<Promise<SignedToken & { claims: AccessTokenClaims }>>(config.tokenReuse);

  return {
    async issue({ clientId, secretName }, scopes, context) {
      const issuedAt = clock.now();
      const time = issuedAt.getTime();
      const sameToken = JSON.stringify([clientId, secretName, scopes]);

      const last = recent.take(sameToken, time);
      if (last !== undefined) {
        const token = await last;
        const expiresInSeconds = token.claims.exp - Math.floor(time / 1_000);
        if (signer.signsWith(token.kid)) return { ...token, expiresInSeconds, isReused: true };
      }

      const { tokenIssuer: issuer, tokenAudience: audience, tokenLifetimeSeconds: lifetimeSeconds } = config;
      const claims = accessTokenClaims({ issuer, audience, clientId, scopes, issuedAt, lifetimeSeconds });
      const signing = signer.accessToken(claims, context).then((signed) => ({ ...signed, claims }));
      recent.put(sameToken, time, signing);
      signing.catch(() => recent.drop(sameToken, signing));
      return { ...(await signing), expiresInSeconds: lifetimeSeconds, isReused: false };
    },
  };
}
