import { createRemoteJWKSet, errors, jwtVerify } from "jose";

/** What a resource API does with a request: let it pass for a client, or answer with this status and `WWW-Authenticate`. */
export type Verdict = { clientId: string } | { status: 401 | 403; challenge: string };

/** Failures to fetch the keys. They are not the caller's fault and must not become a 401. */
const OUTAGES = ["ERR_JOSE_GENERIC", "ERR_JWKS_TIMEOUT"];

/** Makes the check of access tokens for a resource API (RFC 9068 §4, RFC 6750 §3). Make it once: it keeps the keys. */
export function createTokenCheck(issuer: string, audience: string) {
  const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`));

  return async (authorization: string | null | undefined, scope: string): Promise<Verdict> => {
    const [, token] = /^Bearer +(\S+)$/i.exec(authorization ?? "") ?? [];
    if (!token) return { status: 401, challenge: "Bearer" };
    try {
      const { payload } = await jwtVerify(token, keys, { issuer, audience, typ: "at+jwt", algorithms: ["RS256"] });
      const scopes = String(payload.scope).split(" ");
      if (!scopes.includes(scope)) {
        return { status: 403, challenge: `Bearer error="insufficient_scope", scope="${scope}"` };
      }
      return { clientId: String(payload.client_id) };
    } catch (error) {
      if (!(error instanceof errors.JOSEError) || OUTAGES.includes(error.code)) throw error;
      return { status: 401, challenge: 'Bearer error="invalid_token"' };
    }
  };
}
