import { OAuthError } from "../http/oauth-error.ts";
import type { Scope } from "../model/scopes.ts";

/**
 * Narrows the registered scopes of a client to those requested, in the order of registration. An absent `scope` requests all of them
 * (RFC 6749 §3.3).
 *
 * @throws OAuthError `invalid_scope` for anything but registered scopes, separated by single spaces.
 */
export function grantScopes(requested: string | undefined, registered: readonly Scope[]): readonly Scope[] {
  if (requested === undefined) return registered;
  const words = new Set(requested.split(" "));
  const granted = registered.filter((scope) => words.has(scope));
  if (granted.length !== words.size) {
    throw new OAuthError("invalid_scope", {
      detail:
        "Ask for scopes that this client is registered for, separated by single spaces, or leave scope out to get all of them.",
      reason: "scope_not_granted",
    });
  }
  return granted;
}
