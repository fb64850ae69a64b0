import {
  CLOCK_SKEW_MS,
  CREATION_ROUNDING_MS,
  JWKS_MAX_AGE_MS,
  KEEP_MARGIN_MS,
  LIST_KEPT_MS,
  REFRESH_MS,
} from "./times.ts";

/** One version of a signing key, as its vault lists it. */
export interface KeyVersion {
  /** The URL of the vault that holds it. */
  vault: string;
  version: string;
  /** Milliseconds since 1970, by the vault's clock and in whole seconds. */
  createdAt: number;
  enabled: boolean;
}

/**
 * What a version is for. `next`: published, so that verifiers have it before it signs. `active`: what its vault signs with.
 * `retiring`: published for the tokens that it signed. `expired`: neither; a disabled version is expired immediately.
 */
export type KeyState = "next" | "active" | "retiring" | "expired";

/** A version and its state at one moment. */
export interface RingKey<V extends KeyVersion> {
  key: V;
  state: KeyState;
  /** When it signs or signed first, in milliseconds since 1970. */
  activeFrom: number;
}

/**
 * Says what each version is for, from creation times and enabled flags alone, so that all instances agree without talking. A
 * version signs from the end of its lead until its successor in the same vault does, and is published from its creation until the
 * last token it signed is dead. The oldest of all enabled versions needs no lead: before it there was nothing to verify with. Which
 * one is the oldest is known only if every vault was listed.
 */
export function keyRing<V extends KeyVersion>(
  versions: readonly V[],
  now: number,
  { leadMs, keepMs }: Pick<KeyTimes, "leadMs" | "keepMs">,
  allVaultsListed: boolean,
): RingKey<V>[] {
  const newestFirst = versions.toSorted(byAge);
  const oldest = allVaultsListed ? newestFirst.findLast((key) => key.enabled) : undefined;
  const isOldest = (key: V) => key.createdAt === oldest?.createdAt;
  const activeFrom = (key: V) => key.createdAt + (isOldest(key) ? 0 : leadMs);
  const hasBegun = (key: V) => isOldest(key) || activeFrom(key) <= now;
  const successors = new Map<string, V>();

  return newestFirst.map((key) => {
    const successor = successors.get(key.vault);
    if (key.enabled) successors.set(key.vault, key);
    const state = (): KeyState => {
      if (!key.enabled) return "expired";
      if (!hasBegun(key)) return "next";
      if (!successor || !hasBegun(successor)) return "active";
      return now < activeFrom(successor) + keepMs ? "retiring" : "expired";
    };
    return { key, state: state(), activeFrom: activeFrom(key) };
  });
}

/** Newest first. Times have whole seconds and lists no promised order: the version settles a tie, alike on every instance. */
function byAge(a: KeyVersion, b: KeyVersion): number {
  return b.createdAt - a.createdAt || (a.version < b.version ? 1 : -1);
}

/** The times of a key ring, in milliseconds. Together they make {@link keyTimes}' promise. */
export interface KeyTimes {
  /** From the creation of a version to its first signature. */
  leadMs: number;
  /** From the last signature of a version to its end. */
  keepMs: number;
  /** A list of versions is used for this long before it is read again. */
  refreshMs: number;
  /** Verifiers may keep a key set for this long. */
  jwksMaxAgeMs: number;
  /** A list that cannot be read again is used for this long. */
  listKeptMs: number;
}

/** A lead that is not longer than this leaves no room for the usual times: see {@link keyTimes}. */
export const SHORTEST_USUAL_LEAD_SECONDS = (REFRESH_MS + JWKS_MAX_AGE_MS + CLOCK_SKEW_MS) / 1_000;

/**
 * Derives the times from the lead, so that no key signs which a verifier may lack: the oldest list that is used, the oldest key
 * set that was made from it and the fastest clock together stay within the lead. A lead under 25 minutes shortens the rest to a
 * fifth of it each, down to seconds for a demonstration.
 */
export function keyTimes(leadSeconds: number, longestTokenLifeSeconds: number): KeyTimes {
  const leadMs = leadSeconds * 1_000;
  const atMost = (usualMs: number) => Math.min(usualMs, Math.floor(leadSeconds / 5) * 1_000);
  const jwksMaxAgeMs = atMost(JWKS_MAX_AGE_MS);
  const latestListMs = leadMs - jwksMaxAgeMs - atMost(CLOCK_SKEW_MS) - CREATION_ROUNDING_MS;
  return {
    leadMs,
    keepMs: longestTokenLifeSeconds * 1_000 + KEEP_MARGIN_MS,
    refreshMs: atMost(REFRESH_MS),
    jwksMaxAgeMs,
    listKeptMs: Math.min(LIST_KEPT_MS, latestListMs),
  };
}
