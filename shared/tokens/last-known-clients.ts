import { DUMMY_HASH, hashClientSecret, secretMatches } from "../clients/client-secret.ts";
import type { ClientRow } from "../clients/client-store.ts";
import { BoundedMap } from "../request/bounded-map.ts";
import type { Credentials } from "./client-auth.ts";

const MAX_CLIENTS = 10_000;

/** What a token depends on, as a row had it. */
export type KnownClient = Pick<ClientRow, "clientId" | "secretName" | "scopes">;

interface Entry {
  client: KnownClient;
  secretHash: string;
}

/** Clients as their rows were when they last authenticated, for speculative signing. Nothing is decided by them. */
export class LastKnownClients {
  readonly #entries = new BoundedMap<Entry>(MAX_CLIENTS);

  /** The client as it was seen last, if it authenticated with the very secret that is presented now. The work is the same if not. */
  get({ clientId, clientSecret }: Credentials): KnownClient | undefined {
    const { client, secretHash } = this.#entries.get(clientId) ?? { client: undefined, secretHash: DUMMY_HASH };
    return secretMatches(clientId, clientSecret, secretHash) ? client : undefined;
  }

  /** Remembers a client that has just authenticated. */
  set({ clientId, secretName, scopes }: KnownClient, { clientSecret }: Credentials): void {
    const known = this.#entries.get(clientId);
    // A name in the vault stands for one secret only.
    const isSame = known?.client.secretName === secretName;
    const secretHash = isSame ? known.secretHash : hashClientSecret(clientId, clientSecret);
    this.#entries.set(clientId, { client: { clientId, secretName, scopes }, secretHash });
  }

  delete(clientId: string): void {
    this.#entries.delete(clientId);
  }
}
