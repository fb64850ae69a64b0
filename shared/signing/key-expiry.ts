import type { KeyVersion, RingKey } from "./key-ring.ts";

/** Returns the newest version of a vault that has expired, from its key ring, newest first; a disabled one does not count. */
export function lastExpired<V extends KeyVersion>(ring: readonly RingKey<V>[], now: number): V | undefined {
  return ring.find(({ key }) => key.enabled && key.expiresAt <= now)?.key;
}
