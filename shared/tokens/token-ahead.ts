import type { Scope } from "../model/scopes.ts";
import type { RequestContext } from "../request/context.ts";
import type { Credentials } from "./client-auth.ts";
import { grantScopes } from "./grant-scopes.ts";
import type { KnownClient, LastKnownClients } from "./last-known-clients.ts";
import type { IssuedToken, TokenIssuer } from "./token-issuer.ts";

/** A token that was begun before it is known whether the client may have it. */
export interface TokenAhead {
  /** The token of a client that has proved who it is: the one that was begun, if the row says what was remembered of it. */
  issue(client: KnownClient, scopes: readonly Scope[]): Promise<IssuedToken>;
  /** Gives up what was begun for a client that has not, and throws the reason. Nothing is begun for it again. */
  discard(reason: unknown): never;
}

/**
 * Begins the token that a client would get if its row were as it was last seen, so that a request takes the longer of two trips and
 * not their sum: the signature does not wait for the row. Only who presents the secret that was valid then can cause a signature, and
 * only the row that is read meanwhile decides whether it is given out.
 */
export function beginToken(
  credentials: Credentials,
  requestedScope: string | undefined,
  { hints, tokens }: { hints: LastKnownClients; tokens: TokenIssuer },
  context: RequestContext,
): TokenAhead {
  const begin = async (hint: KnownClient) => tokens.issue(hint, grantScopes(requestedScope, hint.scopes), context);
  const hint = hints.recall(credentials);
  const begun = hint && begin(hint);
  // A fault matters to who waits for the token; perhaps nobody does.
  begun?.catch(() => {});

  return {
    issue(client, scopes) {
      hints.note(client, credentials);
      return begun && isSame(client, hint) ? begun : tokens.issue(client, scopes, context);
    },
    discard(reason) {
      if (hint) hints.forget(hint.clientId);
      throw reason;
    },
  };
}

/** Whether two states of a client grant the same. */
function isSame(one: KnownClient, other: KnownClient): boolean {
  return one.secretName === other.secretName && one.scopes.join() === other.scopes.join();
}
