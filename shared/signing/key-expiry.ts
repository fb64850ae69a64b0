import { wholeSeconds } from "../model/client.ts";
import type { RequestContext } from "../request/context.ts";
import type { KeyVersion, RingKey } from "./key-ring.ts";
import { DAY_MS, EXPIRY_ALARM_DAYS } from "./times.ts";

/** The versions of one vault with their states, newest first. */
type Ring<V extends KeyVersion> = readonly RingKey<V>[];

/** Raises the alarms about the expiry of the key of one vault. */
export type ExpiryAlarms = (ring: Ring<KeyVersion>, now: number, context: RequestContext) => void;

/** Creates the {@link ExpiryAlarms} of one vault. An instance raises each alarm once, and once more for another expiry. */
export function createExpiryAlarms(): ExpiryAlarms {
  const raised = new Set<string>();
  const isFirst = ({ version, expiresAt }: KeyVersion, level: number) => {
    const alarms = raised.size;
    return raised.add(`${version} ${expiresAt} ${level}`).size > alarms;
  };

  return (ring, now, context) => {
    const active = ring.find(({ key, state }) => state === "active" && now < key.expiresAt);
    const expired = lastExpired(ring, now);
    if (active && !isReplaced(active, ring)) {
      const daysLeft = (active.key.expiresAt - now) / DAY_MS;
      const level = EXPIRY_ALARM_DAYS.find((days) => daysLeft <= days);
      if (level && isFirst(active.key, level)) {
        const reason = `${nameOf(active.key)} expires at ${expiryOf(active.key)}; whole days left: ${Math.floor(daysLeft)}`;
        context.alarm("signing_key_expires", reason);
      }
    } else if (!active && expired && isFirst(expired, 0)) {
      const reason = `${nameOf(expired)} expired at ${expiryOf(expired)}, and no other version can sign`;
      context.alarm("signing_key_expired", reason);
    }
  };
}

/** Returns the newest version of a vault that has expired; a disabled one does not count. */
export function lastExpired<V extends KeyVersion>(ring: Ring<V>, now: number): V | undefined {
  return ring.find(({ key }) => key.enabled && key.expiresAt <= now)?.key;
}

/** Tells whether a newer version signs, its lead over, before a version expires. */
function isReplaced(ending: RingKey<KeyVersion>, ring: Ring<KeyVersion>): boolean {
  const { expiresAt } = ending.key;
  const newer = ring.slice(0, ring.indexOf(ending));
  const takesOver = ({ key, state, activeFrom }: RingKey<KeyVersion>) =>
    state === "next" && activeFrom <= expiresAt && expiresAt < key.expiresAt;
  return newer.some(takesOver);
}

function nameOf({ vault, version }: KeyVersion): string {
  return `version ${version} of the signing key in ${vault}`;
}

function expiryOf({ expiresAt }: KeyVersion): string {
  return wholeSeconds(new Date(expiresAt));
}
