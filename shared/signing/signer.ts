import type { RequestContext } from "../request/context.ts";
import { Unavailable } from "../request/retry.ts";
import { type AccessTokenClaims, accessToken } from "./access-token.ts";
import { FairQueue } from "./fair-queue.ts";
import { type PublicJwk, WrongSignature } from "./signing-key.ts";
import { type ActiveVault, preferred, type SignerOptions, SigningVaults } from "./signing-vaults.ts";
import { MAX_WAIT_MS, MAX_WAITED_PAUSE_MS } from "./times.ts";
import { isThrottled } from "./vault-limiter.ts";
import { reportOf, type VaultReport } from "./vault-report.ts";
import { type VaultState, VersionRefused } from "./vault-state.ts";

/**
 * Signs access tokens in Key Vault and publishes the keys.
 *
 * This room makes access tokens with keys that never leave their vaults. A verifier keeps a key set for a while, so a key is published
 * before it signs and until its last token has expired: `key-ring.ts` derives the state of each version from the list of versions
 * alone, so that instances agree without talking, and `vault-state.ts` keeps the lists through an outage. A vault may be down, so there
 * can be several. A vault has a quota, so `vault-limiter.ts` limits the calls to it, and `fair-queue.ts` shares the room between the
 * clients. All times of the room stand in `times.ts`.
 */
export interface Signer {
  /**
   * Signs a token in a vault that can, and verifies it before it is returned.
   *
   * @throws Unavailable
   */
  accessToken(claims: AccessTokenClaims, context: RequestContext): Promise<SignedToken>;
  /** Whether a key is one that tokens are signed with now. */
  signsWith(kid: string): boolean;
  /**
   * The keys that verify every live token.
   *
   * @throws Unavailable
   */
  jwks(): Promise<KeySet>;
  /** Looks at every vault, in the order of the settings, and has it sign something that is no token. */
  report(context: RequestContext): Promise<VaultReport[]>;
}

/** A signed access token, and the key that verifies it. */
export interface SignedToken {
  accessToken: string;
  kid: string;
}

/** A key set (RFC 7517 §5). */
export interface KeySet {
  keys: PublicJwk[];
  /** How long a verifier may keep it; 0 where the keys of a vault are missing, because it could not be listed. */
  maxAgeSeconds: number;
}

/** A request may try each vault once, and the only one twice. */
const MIN_TRIES = 2;

interface SigningRequest {
  claims: AccessTokenClaims;
  context: RequestContext;
  /** When it gives up waiting for room, in milliseconds since 1970. */
  waitsUntil: number;
}

/** Makes the signer over one vault or several, each with a key of its own. */
export function createSigner(options: SignerOptions): Signer {
  const vaults = new SigningVaults(options);
  const queue = new FairQueue<ActiveVault>(options.clock);
  const now = () => options.clock.now().getTime();

  /**
   * Signs in the first vault that can. A throttled vault has done nothing: that is no try, and the request waits for room again. Nor is
   * the refusal of one version a try: the next one is not the refused one.
   */
  const sign = async (request: SigningRequest, tried: readonly VaultState[]): Promise<SignedToken> => {
    const { claims, context, waitsUntil } = request;
    const active = await vaults.currentlyActive();
    const isPromising = ({ state, limiter }: ActiveVault) =>
      !tried.includes(state) && limiter.pauseMs <= MAX_WAITED_PAUSE_MS;
    const { vault, release } = await queue.acquire({
      clientId: claims.client_id,
      vaults: preferred(active, isPromising),
      maxWaitMs: waitsUntil - now(),
      signal: context.signal,
    });
    try {
      const { kid } = vault.key.jwk;
      const token = await accessToken(kid, claims, (data) => vault.state.sign(vault, data, context));
      release();
      return { accessToken: token, kid };
    } catch (error) {
      const isOfVersion = error instanceof VersionRefused;
      release(isOfVersion ? undefined : error);
      const failed = isOfVersion || isThrottled(error) ? tried : [...tried, vault.state];
      if (!mayTryAgain(error) || failed.length >= Math.max(active.length, MIN_TRIES)) throw error;
      return sign(request, failed);
    }
  };

  const reportOn = async (vault: VaultState, context: RequestContext): Promise<VaultReport> => {
    const ring = vaults.keys().filter(({ key }) => key.vault === vault.url);
    return reportOf(vault, ring, now(), context).catch((error) => {
      if (error instanceof VersionRefused) return reportOn(vault, context);
      throw error;
    });
  };

  return {
    accessToken: (claims, context) => sign({ claims, context, waitsUntil: now() + MAX_WAIT_MS }, []),

    signsWith: (kid) => vaults.active().some(({ key }) => key.jwk.kid === kid),

    async jwks() {
      const { keys, isComplete } = await vaults.currentlyPublished();
      return { keys: keys.map(({ jwk }) => jwk), maxAgeSeconds: isComplete ? options.times.jwksMaxAgeMs / 1_000 : 0 };
    },

    async report(context) {
      await vaults.refreshIfStale();
      await vaults.pending();
      return Promise.all(vaults.states.map((vault) => reportOn(vault, context)));
    },
  };
}

/** One answer is never signed twice: a wrong signature is the end. */
function mayTryAgain(error: unknown): boolean {
  return error instanceof Unavailable && !(error instanceof WrongSignature);
}
