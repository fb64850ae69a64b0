import type { ActiveClient } from "../clients/client-row.ts";
import { DUMMY_HASH, hashClientSecret, secretMatches } from "../clients/client-secret.ts";
import { BoundedMap } from "../request/bounded-map.ts";
import type { Credentials } from "./client-auth.ts";

const MAX_CLIENTS = 10_000;

interface Entry {
  client: ActiveClient;
  secretHash: string;
}

/** A bounded cache of clients as of their last authentication, for speculative signing. It starts work and never decides. */
export class LastKnownClients {
  readonly #entries = new BoundedMap<Entry>(MAX_CLIENTS);

  /** Returns the cached client if it last authenticated with the same secret. A miss does the same comparison. */
  get({ clientId, clientSecret }: Credentials): ActiveClient | undefined {
    const { client, secretHash } = this.#entries.get(clientId) ?? { client: undefined, secretHash: DUMMY_HASH };
    return secretMatches(clientId, clientSecret, secretHash) ? client : undefined;
  }

  /** Caches a client that has just authenticated. */
  set({ clientId, secretName, scopes }: ActiveClient, { clientSecret }: Credentials): void {
    const known = this.#entries.get(clientId);
    // A vault secret never changes, so an equal name means an equal hash.
    const isSame = known?.client.secretName === secretName;
    const secretHash = isSame ? known.secretHash : hashClientSecret(clientId, clientSecret);
    this.#entries.set(clientId, { client: { clientId, secretName, scopes }, secretHash });
  }

  delete(clientId: string): void {
    this.#entries.delete(clientId);
  }
}
