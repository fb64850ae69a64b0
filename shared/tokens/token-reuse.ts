import { OAuthError } from "../http/oauth-error.ts";
import { BoundedMap } from "../request/bounded-map.ts";
import type { Clock } from "../request/clock.ts";
import { MAX_RETRY_AFTER_SECONDS } from "../request/time-limits.ts";

const MAX_ENTRIES = 10_000;

/** When a client is taken to ask for tokens faster than it can use them; 0 in any of the numbers: never. */
export interface ReuseRules {
  /** New tokens after a rest, however fast. */
  burst: number;
  /** New tokens in the long run. */
  perSecond: number;
  /** How old a token may be that is given out again. */
  seconds: number;
}

interface LastToken<T> {
  signing: Promise<T>;
  signedAt: number;
  /** Absent while it is being signed. */
  token?: T;
}

/**
 * Limits the new tokens of a client with one token bucket over all its scope sets. Beyond its allowance the client gets its last token
 * for the same scopes; where it has none, it is refused before anything is signed. The bucket holds twice the burst: the lower half is
 * for scope sets without a token to give again, so that a burst for one set does not have another one refused.
 */
export class TokenReuse<T> {
  readonly #rules: ReuseRules;
  readonly #isCurrent: (token: T) => boolean;
  readonly #clock: Clock;
  readonly #buckets = new BoundedMap<{ allowance: number; refilledAt: number }>(MAX_ENTRIES);
  /** In memory alone, oldest first. */
  readonly #lastTokens = new BoundedMap<LastToken<T>>(MAX_ENTRIES);

  /** `isCurrent` tells whether a signed token may be given out again. */
  constructor(rules: ReuseRules, isCurrent: (token: T) => boolean, clock: Clock) {
    this.#rules = rules;
    this.#isCurrent = isCurrent;
    this.#clock = clock;
  }

  /**
   * Signs a token, or gives the last one for the same key (client, generation of its secret, scopes), be it still under way.
   *
   * @throws OAuthError with the seconds until the client may have a new token.
   */
  signOrReuse(clientId: string, key: string, sign: () => Promise<T>): { signing: Promise<T>; isReused: boolean } {
    const { burst, perSecond, seconds } = this.#rules;
    if (burst === 0 || perSecond === 0 || seconds === 0) return { signing: sign(), isReused: false };
    const now = this.#clock.now().getTime();
    const { allowance, refilledAt } = this.#buckets.get(clientId) ?? { allowance: 2 * burst, refilledAt: now };
    const refill = (Math.max(now - refilledAt, 0) / 1_000) * perSecond;
    const bucket = { allowance: Math.min(allowance + refill, 2 * burst), refilledAt: now };
    this.#buckets.set(clientId, bucket);
    const last = this.#lastTokens.get(key);
    const canReuse = last !== undefined && this.#isReusable(last, now);
    if (canReuse && bucket.allowance < burst + 1) return { signing: last.signing, isReused: true };
    if (bucket.allowance < 1) {
      throw new OAuthError("temporarily_unavailable", {
        detail:
          "This client requests new tokens too fast. Use a token until shortly before it expires, and request all scopes in one token. Try again after the time in Retry-After.",
        reason: "client_over_allowance",
        outcome: "refused",
        retryAfterSeconds: Math.min(Math.ceil((1 - bucket.allowance) / perSecond), MAX_RETRY_AFTER_SECONDS),
      });
    }
    bucket.allowance -= 1;
    return { signing: this.#remember(key, now, sign()), isReused: false };
  }

  #remember(key: string, signedAt: number, signing: Promise<T>): Promise<T> {
    for (const [oldKey, old] of this.#lastTokens) {
      if (this.#isReusable(old, signedAt)) break;
      this.#lastTokens.delete(oldKey);
    }
    const last: LastToken<T> = { signing, signedAt };
    this.#lastTokens.set(key, last);
    const evict = () => this.#lastTokens.get(key) === last && this.#lastTokens.delete(key);
    signing.then((token) => Object.assign(last, { token }), evict);
    return signing;
  }

  #isReusable({ token, signedAt }: LastToken<T>, now: number): boolean {
    const ageMs = now - signedAt;
    return ageMs >= 0 && ageMs <= this.#rules.seconds * 1_000 && (!token || this.#isCurrent(token));
  }
}
