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

/** The part of an RS256 access token that is signed: header and claims (RFC 7515 §5.1, RFC 9068 §2.1). */
export function signingInput(kid: string, claims: AccessTokenClaims): string {
  return `${base64urlJson({ alg: "RS256", typ: "at+jwt", kid })}.${base64urlJson(claims)}`;
}

function base64urlJson(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
