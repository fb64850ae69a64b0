import type { RequestContext } from "../request/context.ts";
import { causeOf, statusOf } from "../request/retry.ts";
import type { ListedKey } from "./key-list.ts";
import type { RingKey } from "./key-ring.ts";
import type { SigningKey } from "./signing-key.ts";

/** What an operator wants to know of a vault with a signing key. Times in milliseconds since 1970. */
export interface VaultReport {
  /** Whether it answers, if only that it is out of quota. */
  reachable: boolean;
  /** Whether it signs. */
  signs: boolean;
  active: { kid: string; since: number } | undefined;
  /** The key that takes over, and when. */
  next: { kid: string; activeFrom: number } | undefined;
  /** How many of its keys are in the JWKS. */
  published: number;
}

/** Reports on one vault from its part of the key ring, newest first, and has it sign something that is no token. */
export async function reportOf(
  keys: readonly RingKey<ListedKey>[],
  isListed: boolean,
  context: RequestContext,
): Promise<VaultReport> {
  const usable = keys.flatMap(({ key: { signingKey }, state, activeFrom }) =>
    signingKey ? [{ signingKey, kid: signingKey.jwk.kid, state, activeFrom }] : [],
  );
  const active = usable.find(({ state }) => state === "active");
  const next = usable.findLast(({ state }) => state === "next");
  return {
    ...(active ? await probe(active.signingKey, context) : { reachable: isListed, signs: false }),
    active: active && { kid: active.kid, since: active.activeFrom },
    next: next && { kid: next.kid, activeFrom: next.activeFrom },
    published: usable.filter(({ state }) => state !== "expired").length,
  };
}

async function probe(key: SigningKey, context: RequestContext): Promise<Pick<VaultReport, "reachable" | "signs">> {
  return key.sign(Buffer.from("health"), context).then(
    () => ({ reachable: true, signs: true }),
    (error: unknown) => ({ reachable: statusOf(causeOf(error)) === 429, signs: false }),
  );
}
