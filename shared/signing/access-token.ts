import { randomUUID } from "node:crypto";
import type { Scope } from "../model/scopes.ts";

/** What a token is issued for. */
export interface Grant {
  issuer: string;
  audience: string;
  clientId: string;
  scopes: readonly Scope[];
  issuedAt: Date;
  lifetimeSeconds: number;
}

/** The claims of an access token (RFC 9068 §2.2). */
export type AccessTokenClaims = ReturnType<typeof accessTokenClaims>;

/** Makes the claims of a new access token. No `nbf`: it only breaks verifiers whose clock is a second behind. */
export function accessTokenClaims({ issuer, audience, clientId, scopes, issuedAt, lifetimeSeconds }: Grant) {
  const iat = Math.floor(issuedAt.getTime() / 1000);
  return {
    iss: issuer,
    aud: audience,
    sub: clientId,
    client_id: clientId,
    scope: scopes.join(" "),
    iat,
    exp: iat + lifetimeSeconds,
    jti: randomUUID(),
  };
}

/**
 * Makes an RS256 access token in compact form, which the key of `kid` signs (RFC 7515 §7.1, RFC 9068 §2.1).
 *
 * @throws what `sign` throws.
 */
export async function accessToken(
  kid: string,
  claims: AccessTokenClaims,
  sign: (data: Uint8Array) => Promise<Uint8Array>,
): Promise<string> {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
  const signed = `${encode({ alg: "RS256", typ: "at+jwt", kid })}.${encode(claims)}`;
  const signature = await sign(Buffer.from(signed));
  return `${signed}.${Buffer.from(signature).toString("base64url")}`;
}
