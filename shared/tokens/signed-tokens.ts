import type { ActiveClient } from "../clients/client-row.ts";
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

/** Signs access tokens, or reuses the last one of a client over its allowance. Authentication has come before. */
export interface SignedTokens {
  /**
   * Signs a token. A client over its allowance of new tokens gets the one that was signed for it last: same generation of its secret,
   * same scopes, same key.
   *
   * @throws Unavailable
   */
  tokenFor(
    client: Pick<ActiveClient, "clientId" | "secretName">,
    scopes: readonly Scope[],
    context: RequestContext,
  ): Promise<IssuedToken>;
}

/** Makes the signed tokens of a process. */
export function createSignedTokens(
  config: TokenSettings,
  signer: Pick<Signer, "accessToken" | "signsWith">,
  clock: Clock,
): SignedTokens {
  const { tokenIssuer: issuer, tokenAudience: audience, tokenLifetimeSeconds: lifetimeSeconds, tokenReuse } = config;
  const isCurrent = ({ kid }: SignedToken) => signer.signsWith(kid);
  const reuse = new TokenReuse<SignedToken & { claims: AccessTokenClaims }>(tokenReuse, isCurrent, clock);

  return {
    async tokenFor({ clientId, secretName }, scopes, context) {
      const issuedAt = clock.now();
      const sign = async () => {
        const claims = accessTokenClaims({ issuer, audience, clientId, scopes, issuedAt, lifetimeSeconds });
        return { ...(await signer.accessToken(claims, context)), claims };
      };
      const key = JSON.stringify([clientId, secretName, scopes]);
      const { signing, isReused } = reuse.signOrReuse(clientId, key, sign);
      const { accessToken, claims } = await signing;
      return { accessToken, claims, isReused, expiresInSeconds: claims.exp - Math.floor(issuedAt.getTime() / 1_000) };
    },
  };
}
