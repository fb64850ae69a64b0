import { createRemoteJWKSet, errors, type JWTVerifyGetKey, jwtVerify } from "jose";
import jsonwebtoken from "jsonwebtoken";
import jwksRsa from "jwks-rsa";
import { startDotnetApi } from "./dotnet-api.ts";

/** The issuer and the audience of the tokens. */
export interface Expected {
  readonly issuer: string;
  readonly audience: string;
}

/** A verifier of access tokens, as APIs have it. */
export interface Verifier {
  readonly name: string;
  /** Returns why the verifier refuses a token, or `undefined` if it accepts it. */
  refusal(token: string): Promise<string | undefined>;
  close?(): Promise<void>;
}

// The defaults of jose 6 (jwks/remote.ts) and of jwks-rsa 4 (wrappers/cache.js).
const JOSE_CACHE_MS = 600_000;
const JOSE_COOLDOWN_MS = 30_000;
const JWKS_RSA_CACHE_MS = 600_000;

/** Makes a verifier that keeps a key set for exactly its `max-age`, and fetches no other one before, whatever `kid` it meets. */
export async function createMaxAgeVerifier(jwksUrl: URL, expected: Expected): Promise<Verifier> {
  const { headers } = await fetch(jwksUrl);
  const maxAgeMs = Number(/max-age=(\d+)/.exec(headers.get("cache-control") ?? "")?.[1]) * 1_000;
  const keySet = createRemoteJWKSet(jwksUrl, { cacheMaxAge: maxAgeMs, cooldownDuration: maxAgeMs });
  return { name: "max-age", refusal: (token) => refusalOfJose(token, keySet, expected) };
}

/** Makes a verifier with `jose`. Its intervals are its defaults, divided by `speed`. */
export function createJoseVerifier(jwksUrl: URL, expected: Expected, speed: number): Verifier {
  const intervals = { cacheMaxAge: JOSE_CACHE_MS / speed, cooldownDuration: JOSE_COOLDOWN_MS / speed };
  const keySet = createRemoteJWKSet(jwksUrl, intervals);
  return { name: "jose", refusal: (token) => refusalOfJose(token, keySet, expected) };
}

/**
 * Makes a verifier with `jsonwebtoken` and the keys of `jwks-rsa`, as the documentation of the latter does. Its interval is its default,
 * divided by `speed` if there is one.
 */
export function createJwksRsaVerifier(jwksUrl: URL, { issuer, audience }: Expected, speed?: number): Verifier {
  const interval = speed === undefined ? {} : { cacheMaxAge: Math.ceil(JWKS_RSA_CACHE_MS / speed) };
  const client = jwksRsa({ jwksUri: jwksUrl.href, ...interval });
  const getKey: jsonwebtoken.GetPublicKeyOrSecret = ({ kid }, callback) =>
    void client.getSigningKey(kid).then(
      (key) => callback(null, key.getPublicKey()),
      (error) => callback(error),
    );
  return {
    name: "jwks-rsa",
    refusal: (token) =>
      new Promise((resolve) => {
        jsonwebtoken.verify(token, getKey, { algorithms: ["RS256"], issuer, audience }, (error) =>
          resolve(error?.message),
        );
      }),
  };
}

/** Starts the ASP.NET Core API of `examples/`. Its default intervals pass `speed` times as fast. The issuer must serve its metadata. */
export async function startDotnetVerifier(program: string, expected: Expected, speed: number): Promise<Verifier> {
  const { url, stop } = await startDotnetApi(program, { ...expected, env: { TEST_CLOCK_SPEED: String(speed) } });
  return {
    name: "ASP.NET Core",
    async refusal(token) {
      const { status, headers } = await fetch(`${url}/api/v1/search`, {
        headers: { authorization: `Bearer ${token}` },
      });
      return status === 200 ? undefined : `${status} ${headers.get("www-authenticate")}`;
    },
    close: stop,
  };
}

async function refusalOfJose(token: string, keySet: JWTVerifyGetKey, expected: Expected): Promise<string | undefined> {
  try {
    await jwtVerify(token, keySet, { ...expected, typ: "at+jwt", algorithms: ["RS256"] });
    return undefined;
  } catch (error) {
    if (!(error instanceof errors.JOSEError)) throw error;
    return error.code;
  }
}
