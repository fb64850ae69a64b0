/** One version of a signing key, as its vault lists it. */
export interface KeyVersion {
  /** The URL of the vault that holds it. */
  vault: string;
  version: string;
  /** Milliseconds since 1970. */
  createdAt: number;
  enabled: boolean;
}

/** When a key may sign and how long it is published, in milliseconds. */
export interface KeyRules {
  /** A key is published for this long before it signs, so that every verifier has it by then. */
  leadMs: number;
  /** A key stays published for this long after its successor took over: the longest life of a token, and some. */
  keepMs: number;
}

/** Which keys to use at one moment. */
export interface KeyRing<V extends KeyVersion = KeyVersion> {
  /** The version that each vault signs with; a vault without one does not sign. */
  signing: V[];
  /** What the JWKS shows. */
  published: V[];
}

/**
 * Says which key versions sign and which are published, from the list alone, so that all instances agree without talking. A
 * version signs from the end of its lead until its successor in the same vault does, and is published from its creation until
 * the last token it signed is dead. Only the oldest of all signs at once: there was nothing before it.
 */
export function keyRing<V extends KeyVersion>(
  versions: readonly V[],
  now: number,
  { leadMs, keepMs }: KeyRules,
): KeyRing<V> {
  const oldest = Math.min(...versions.map((version) => version.createdAt));
  const activeFrom = ({ createdAt }: V) => (createdAt === oldest ? createdAt : createdAt + leadMs);
  const ring: KeyRing<V> = { signing: [], published: [] };

  for (const ofVault of Map.groupBy(versions, (version) => version.vault).values()) {
    const enabled = ofVault.filter((version) => version.enabled).sort(newestFirst);
    const signing = enabled.find((version) => activeFrom(version) <= now);
    if (signing) ring.signing.push(signing);
    for (const [index, version] of enabled.entries()) {
      const successor = enabled[index - 1];
      if (!successor || now < activeFrom(successor) + keepMs) ring.published.push(version);
    }
  }
  return ring;
}

/** Key Vault's times have whole seconds and its list no promised order: the version settles a tie, alike on every instance. */
function newestFirst(a: KeyVersion, b: KeyVersion): number {
  return b.createdAt - a.createdAt || (a.version < b.version ? 1 : -1);
}
