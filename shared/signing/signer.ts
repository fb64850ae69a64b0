import type { RequestContext } from "../request/context.ts";
import { causeOf, statusOf, Unavailable } from "../request/retry.ts";
import { type AccessTokenClaims, signingInput } from "./access-token.ts";
import { FairQueue } from "./fair-queue.ts";
import { type PublicJwk, type SigningKey, WrongSignature } from "./signing-key.ts";
import { MAX_WAIT_MS, MAX_WAITED_PAUSE_MS } from "./times.ts";
import { isThrottled } from "./vault-limiter.ts";
import { reportOf, type VaultReport } from "./vault-report.ts";
import { preferred, type SignerOptions, type SigningServer, VaultRing } from "./vault-ring.ts";

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

/** Signs access tokens in Key Vault and publishes the keys. */
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
  const ring = new VaultRing(options);
  const queue = new FairQueue<SigningServer>(options.clock);
  const now = () => options.clock.now().getTime();

  /** Signs with the first vault that can. A throttled vault has done nothing, so that its refusal does not count as a try. */
  const signAnywhere = async (request: SigningRequest, tried: readonly string[]): Promise<SignedToken> => {
    const { claims, context, waitsUntil } = request;
    const servers = await ring.currentServers();
    const vaults = preferred(
      servers,
      (server) => !tried.includes(server.url) && server.limiter.pauseMs <= MAX_WAITED_PAUSE_MS,
    );
    const maxWaitMs = waitsUntil - now();
    const room = await queue.acquire({ clientId: claims.client_id, vaults, maxWaitMs, signal: context.signal });
    try {
      const token = await sign(claims, room.vault.key, context);
      room.release();
      return token;
    } catch (error) {
      room.release(error);
      await relist(room.vault, error);
      if (isThrottled(error)) return signAnywhere(request, tried);
      const failed = [...tried, room.vault.url];
      if (!mayTryAgain(error) || failed.length >= Math.max(servers.length, MIN_TRIES)) throw error;
      return signAnywhere(request, failed);
    }
  };

  return {
    accessToken: (claims, context) => signAnywhere({ claims, context, waitsUntil: now() + MAX_WAIT_MS }, []),

    signsWith: (kid) => ring.servers().some(({ key }) => key.jwk.kid === kid),

    async jwks() {
      const { keys, isComplete } = await ring.currentKeySet();
      return { keys: keys.map(({ jwk }) => jwk), maxAgeSeconds: isComplete ? options.times.jwksMaxAgeMs / 1_000 : 0 };
    },

    async report(context) {
      await ring.upToDate();
      await ring.settled();
      const keys = ring.keys();
      return Promise.all(
        ring.vaults.map(({ url, list }) =>
          reportOf(
            keys.filter(({ key }) => key.vault === url),
            !list.failing,
            context,
          ),
        ),
      );
    },
  };
}

async function sign(claims: AccessTokenClaims, key: SigningKey, context: RequestContext): Promise<SignedToken> {
  const { kid } = key.jwk;
  const input = signingInput(kid, claims);
  const signature = await key.sign(Buffer.from(input), context);
  return { accessToken: `${input}.${Buffer.from(signature).toString("base64url")}`, kid };
}

/** One answer is never signed twice: a wrong signature is the end. */
function mayTryAgain(error: unknown): boolean {
  return error instanceof Unavailable && !(error instanceof WrongSignature);
}

/**
 * Has a vault listed that does not sign: it may be out of reach altogether. Only a refusal is waited for, since it most likely is
 * of a version that was disabled, and the list names the one to use instead.
 */
async function relist({ list }: SigningServer, error: unknown): Promise<void> {
  const status = statusOf(causeOf(error));
  if (status === 429) return;
  const listed = list.refresh();
  if (status === 403 || status === 404) await listed;
}
