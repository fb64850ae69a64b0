import type { RequestContext } from "../request/context.ts";
import { causeOf, statusOf } from "../request/retry.ts";
import { lastExpired } from "./key-expiry.ts";
import type { ListedKey } from "./key-list.ts";
import type { RingKey } from "./key-ring.ts";
import { type SigningVersion, type VaultState, VersionRefused } from "./vault-state.ts";

/** What an operator wants to know of a vault with a signing key. Times in milliseconds since 1970. */
export interface VaultReport {
  /** Whether it answers, if only that it is out of quota. */
  reachable: boolean;
  /** Whether it signs. */
  signs: boolean;
  /** The key that it signs with, since when, and when it expires: infinity without an `exp`. */
  active: { kid: string; since: number; expiresAt: number } | undefined;
  /** The key that takes over, and when. */
  next: { kid: string; activeFrom: number } | undefined;
  /** Where no key is active: when the newest that could sign expired. */
  expiredAt: number | undefined;
  /** How many of its keys are in the JWKS. */
  published: number;
}

/**
 * Reports on one vault from its part of the key ring, newest first, and has it sign something that is no token.
 *
 * @throws VersionRefused if the ring is to be asked again.
 */
export async function reportOf(
  vault: Pick<VaultState, "isFailing" | "sign">,
  ring: readonly RingKey<ListedKey>[],
  now: number,
  context: RequestContext,
): Promise<VaultReport> {
  const usable = ring.flatMap(({ key: { signingKey, ...version }, state, activeFrom }) =>
    signingKey ? [{ ...version, key: signingKey, kid: signingKey.jwk.kid, state, activeFrom }] : [],
  );
  const active = usable.find(({ state }) => state === "active");
  const [next] = usable
    .filter(({ state, activeFrom, expiresAt }) => state === "next" && activeFrom < expiresAt)
    .toSorted((a, b) => a.activeFrom - b.activeFrom);
  return {
    ...(active ? await probe(vault, active, context) : { reachable: !vault.isFailing, signs: false }),
    active: active && { kid: active.kid, since: active.activeFrom, expiresAt: active.expiresAt },
    next: next && { kid: next.kid, activeFrom: next.activeFrom },
    expiredAt: active ? undefined : lastExpired(ring, now)?.expiresAt,
    published: usable.filter(({ state }) => state !== "expired").length,
  };
}

async function probe(vault: Pick<VaultState, "sign">, version: SigningVersion, context: RequestContext) {
  return vault.sign(version, Buffer.from("health"), context).then(
    () => ({ reachable: true, signs: true }),
    (error: unknown) => {
      if (error instanceof VersionRefused) throw error;
      return { reachable: statusOf(causeOf(error)) === 429, signs: false };
    },
  );
}
