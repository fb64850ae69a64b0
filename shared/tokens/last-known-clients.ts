import { DUMMY_HASH, hashClientSecret, secretMatches } from "../clients/client-secret.ts";
import type { ClientRow } from "../clients/client-store.ts";
import { BoundedMap } from "../request/bounded-map.ts";
import type { Credentials } from "./client-auth.ts";

const MAX_HINTS = 10_000;

/** What a token depends on, as a row had it. */
export type KnownClient = Pick<ClientRow, "clientId" | "secretName" | "scopes">;

interface Entry {
  hint: KnownClient;
  secretHash: string;
}

/** How active clients were when they last proved who they are. A guess at what their rows say now: nothing is decided by it. */
export class LastKnownClients {
  readonly #entries = new BoundedMap<Entry>(MAX_HINTS);

  /** The client as it was seen last, if it proved itself with the very secret that is presented now. Costs the same work if not. */
  recall({ clientId, clientSecret }: Credentials): KnownClient | undefined {
    const { hint, secretHash } = this.#entries.get(clientId) ?? { hint: undefined, secretHash: DUMMY_HASH };
    return secretMatches(clientId, clientSecret, secretHash) ? hint : undefined;
  }

  /** Remembers a client that has just proved who it is. */
  note({ clientId, secretName, scopes }: KnownClient, { clientSecret }: Credentials): void {
    const known = this.#entries.get(clientId);
    // A name in the vault stands for one secret only.
    const isSame = known?.hint.secretName === secretName;
    const secretHash = isSame ? known.secretHash : hashClientSecret(clientId, clientSecret);
    this.#entries.set(clientId, { hint: { clientId, secretName, scopes }, secretHash });
  }

  forget(clientId: string): void {
    this.#entries.delete(clientId);
  }
}
