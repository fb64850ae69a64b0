import { OAuthError } from "../http/oauth-error.ts";

/** What an API client may be allowed to do, with the words the product's documentation has for it. */
export const SCOPE_PERMISSIONS = {
  "investigations:read": "Read investigation sessions and results",
  "investigations:write": "Start investigations, send follow-ups",
  "incidents:read": "List and view Sentinel incidents",
  "search:read": "Search investigations and entities",
  "graph:read": "Query the knowledge graph",
} as const;

/** One permission of an API client. */
export type Scope = keyof typeof SCOPE_PERMISSIONS;

/** Every scope there is, in the order of the product's documentation. */
export const SCOPES = Object.keys(SCOPE_PERMISSIONS) as [Scope, ...Scope[]];

/** Tells whether a word is the name of a scope; names are case-sensitive (RFC 6749 §3.3). */
export function isScope(word: string): word is Scope {
  return Object.hasOwn(SCOPE_PERMISSIONS, word);
}

/**
 * Narrows a client's registered scopes to those that a token request asks for, in the order they were registered.
 * An absent `scope` asks for all of them (RFC 6749 §3.3).
 *
 * @throws OAuthError `invalid_scope` for anything but registered scopes, separated by single spaces.
 */
export function grantScopes(requested: string | undefined, registered: readonly Scope[]): readonly Scope[] {
  if (requested === undefined) return registered;
  const words = new Set(requested.split(" "));
  const granted = registered.filter((scope) => words.has(scope));
  if (granted.length !== words.size) {
    throw new OAuthError("invalid_scope", {
      description:
        "Ask for scopes that this client is registered for, separated by single spaces, or leave scope out to get all of them.",
      reason: "a scope that is unknown, not registered for the client or malformed",
    });
  }
  return granted;
}
