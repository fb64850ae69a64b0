import {
  CLOCK_SKEW_MS,
  CREATION_ROUNDING_MS,
  JWKS_MAX_AGE_MS,
  KEEP_MARGIN_MS,
  LIST_KEPT_MS,
  REFRESH_MS,
} from "./times.ts";

/** One version of a signing key, as its vault lists it. Times are by the vault's clock, in milliseconds since 1970 and whole seconds. */
export interface KeyVersion {
  /** The URL of the vault that holds it. */
  vault: string;
  version: string;
  createdAt: number;
  /** When its attributes were changed last. */
  updatedAt: number;
  enabled: boolean;
  /** `nbf`; minus infinity without one. */
  notBefore: number;
  /** `exp`; infinity without one. */
  expiresAt: number;
  /** Whether its vault has refused to sign with it since it was listed, near its `nbf` or `exp`. */
  isRefused: boolean;
}

/**
 * Tells whether its vault signs with a version at a time: an enabled one, from `nbf` until `exp`
 * (https://learn.microsoft.com/azure/key-vault/keys/about-keys-details#key-attributes), unless the clock of the vault said otherwise.
 */
export function canSign({ enabled, notBefore, expiresAt, isRefused }: KeyVersion, time: number): boolean {
  return enabled && notBefore <= time && time < expiresAt && !isRefused;
}

/**
 * What a version is for. `next`: published, so that verifiers have it before it signs. `active`: what its vault signs with.
 * `retiring`: published for the tokens that it signed. `expired`: neither; a disabled version is expired immediately.
 */
export type KeyState = "next" | "active" | "retiring" | "expired";

interface KeyPhase {
  state: KeyState;
  /** When it signs or signed first, in milliseconds since 1970. */
  activeFrom: number;
}

/** A version and its state at one moment. */
export interface RingKey<V extends KeyVersion> extends KeyPhase {
  key: V;
}

type RingTimes = Pick<KeyTimes, "leadMs" | "keepMs">;

/**
 * Returns the version that each vault signs with: the newest that can sign and whose lead is over. The oldest of all enabled versions
 * needs no lead: before it there was nothing to verify with. Where no vault has such a version, the oldest that can sign does so before
 * its lead is over; around an `nbf` or `exp`, a version that can sign by another clock. Which version is the oldest is known only if
 * every vault was listed.
 */
export function activeVersions<V extends KeyVersion>(
  versions: readonly V[],
  now: number,
  { leadMs }: RingTimes,
  allVaultsListed: boolean,
): V[] {
  const newestFirst = versions.toSorted(byAge);
  const leadOver = leadsOf(newestFirst, leadMs, allVaultsListed);
  const activeAt = (time: number) => {
    const able = newestFirst.filter((key) => canSign(key, time));
    const ready = able.filter((key) => leadOver(key) <= now);
    if (ready.length === 0 && allVaultsListed) return able.slice(-1);
    return ready.filter((key) => key === ready.find(({ vault }) => vault === key.vault));
  };
  const moments = [now, now - CLOCK_SKEW_MS, now + CLOCK_SKEW_MS];
  return moments.reduce<V[]>((active, time) => (active.length > 0 ? active : activeAt(time)), []);
}

/**
 * Says what each version is for, from the attributes of the versions alone, so that all instances agree without talking. A version is
 * published from its creation until the last token that it signed is dead. An older version that is to step in for one that expires is
 * published a lead before that.
 */
export function keyRing<V extends KeyVersion>(
  versions: readonly V[],
  now: number,
  times: RingTimes,
  allVaultsListed: boolean,
): RingKey<V>[] {
  const { leadMs, keepMs } = times;
  const newestFirst = versions.toSorted(byAge);
  const leadOver = leadsOf(newestFirst, leadMs, allVaultsListed);
  const active = activeVersions(versions, now, times, allVaultsListed);

  const stateOf = (key: V, signableFrom: number, own: Period, newer: readonly Period[]): KeyPhase => {
    if (active.includes(key)) return { state: "active", activeFrom: own.from <= now ? own.from : signableFrom };

    const activeFrom = leave("to", Math.max(own.from, now), newer);
    const isNew = now < own.from && now < own.to;
    const stepsIn = activeFrom < own.to && activeFrom <= now + leadMs && !key.isRefused;
    if (key.enabled && (isNew || stepsIn)) return { state: "next", activeFrom };

    // A version may have signed before its nbf was set, and until its exp was, if these are set later.
    const stoppedAt = Math.max(own.to, key.updatedAt);
    const signedUntil = leave("from", Math.min(now, stoppedAt), newer);
    const isRetiring = key.enabled && key.createdAt <= signedUntil && now < signedUntil + keepMs;
    return { state: isRetiring ? "retiring" : "expired", activeFrom: own.from };
  };

  const periods = new Map<string, Period[]>();
  return newestFirst.map((key) => {
    const signableFrom = Math.max(key.createdAt, key.notBefore);
    const own = { from: Math.max(leadOver(key), signableFrom), to: key.expiresAt };
    const newer = periods.get(key.vault) ?? [];
    const phase = stateOf(key, signableFrom, own, newer);
    if (key.enabled) periods.set(key.vault, [...newer, own]);
    return { key, ...phase };
  });
}

/** Returns when the lead of a version is over. */
function leadsOf(newestFirst: readonly KeyVersion[], leadMs: number, allVaultsListed: boolean) {
  const oldest = allVaultsListed ? newestFirst.findLast((key) => key.enabled) : undefined;
  return ({ createdAt }: KeyVersion) =>
    createdAt === oldest?.createdAt ? Number.NEGATIVE_INFINITY : createdAt + leadMs;
}

/** When a version signs, unless a newer one of its vault does. */
interface Period {
  from: number;
  to: number;
}

/** Moves a time that periods cover to the end, or back to the start, of what they cover. */
function leave(by: keyof Period, time: number, periods: readonly Period[]): number {
  const covers = ({ from, to }: Period) => (by === "to" ? from <= time && time < to : from < time && time <= to);
  const covering = periods.find(covers);
  return covering ? leave(by, covering[by], periods) : time;
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
