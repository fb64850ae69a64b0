import type { RequestContext } from "../request/context.ts";
import { causeOf, statusOf, Unavailable } from "../request/retry.ts";
import { type AccessTokenClaims, signingInput } from "./access-token.ts";
import { type PublicJwk, type SigningKey, WrongSignature } from "./signing-key.ts";
import { MAX_PAUSE_MS, SigningQueue } from "./signing-queue.ts";
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

/** Makes the signer over one vault or several, each with a key of its own. */
export function createSigner(options: SignerOptions): Signer {
  const ring = new VaultRing(options);
  const queue = new SigningQueue<SigningServer>();

  return {
    async accessToken(claims, context) {
      const tried: string[] = [];
      for (;;) {
        const servers = await ring.currentServers();
        const untried = preferred(servers, ({ url, load }) => !tried.includes(url) && load.pauseMs <= MAX_PAUSE_MS);
        const { server, end } = await queue.turn(claims.client_id, untried, context.signal);
        try {
          const token = await sign(claims, server.key, context);
          end();
          return token;
        } catch (error) {
          end(error);
          tried.push(server.url);
          await relist(server, error);
          if (!mayTryAgain(error) || tried.length >= Math.max(servers.length, MIN_TRIES)) throw error;
        }
      }
    },

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
