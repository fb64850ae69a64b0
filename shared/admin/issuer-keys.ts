import type { webcrypto } from "node:crypto";
import { createRemoteJWKSet, customFetch, errors, type JWTVerifyGetKey } from "jose";
import type { Clock } from "../request/clock.ts";
import type { RequestContext } from "../request/context.ts";
import { Unavailable } from "../request/retry.ts";
import { ADMIN_KEYS_COOLDOWN_SECONDS, ADMIN_KEYS_TIMEOUT_MS, MAX_RETRY_AFTER_SECONDS } from "../request/time-limits.ts";

/** Returns the lookup of the keys of the admin issuer, for one request. */
export type IssuerKeys = (context: RequestContext) => JWTVerifyGetKey;

/**
 * Creates the lookup. The keys are fetched at first use, after ten minutes, and for a `kid` that is not among them. The lookup throws
 * `Unavailable` if they cannot be fetched, or the key is weak: neither is the fault of the administrator.
 */
export function createIssuerKeys(jwksUrl: string, clock: Clock): IssuerKeys {
  const now = () => clock.now().getTime();
  let lastFetchAt = Number.NEGATIVE_INFINITY;
  // jose waits after a fetch that succeeded, not after one that failed, and in an outage tokens without number may ask for keys.
  const fetchAfterCooldown: typeof fetch = async (...request) => {
    // Absolute difference: a clock that was set back must not end the fetches.
    if (Math.abs(now() - lastFetchAt) < ADMIN_KEYS_COOLDOWN_SECONDS * 1_000) throw new Error("cooling down");
    lastFetchAt = now();
    return fetch(...request);
  };
  const keys = createRemoteJWKSet(new URL(jwksUrl), {
    timeoutDuration: ADMIN_KEYS_TIMEOUT_MS,
    [customFetch]: fetchAfterCooldown,
  });

  return (context) => async (header, token) => {
    const key = await keys(header, token).catch((error) => {
      if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) throw error;
      throw new Unavailable("admin_keys_unavailable", { retryAfterSeconds: ADMIN_KEYS_COOLDOWN_SECONDS, cause: error });
    });
    if (!isStrong(key)) {
      const note = "a key of the admin issuer is not RSA of 2048 bits or more with an odd exponent over 1";
      context.alarm("admin_key_weak", note);
      throw new Unavailable("admin_keys_unavailable", { note, retryAfterSeconds: MAX_RETRY_AFTER_SECONDS });
    }
    return key;
  };
}

/** Node imports any RSA key, and with the exponent 1 a signature proves nothing (RFC 7518 §3.3 for the length). */
function isStrong({ algorithm }: webcrypto.CryptoKey): boolean {
  const { modulusLength, publicExponent } = algorithm as webcrypto.RsaHashedKeyAlgorithm;
  const exponent = Buffer.from(publicExponent).toString("hex");
  return modulusLength >= 2048 && /[13579bdf]$/.test(exponent) && !/^0*1$/.test(exponent);
}
