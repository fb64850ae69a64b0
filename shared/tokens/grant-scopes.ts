import { OAuthError } from "../http/oauth-error.ts";
import type { Scope } from "../model/scopes.ts";
import { containsClientSecret } from "../model/secret-pattern.ts";
import { strayCharacter } from "./stray-character.ts";

const MAX_SHOWN_WORDS = 5;
const MAX_SHOWN_LENGTH = 40;
/** Everything but the characters of scopes, of lists and of wildcards. A refusal never says "audience": Shuffle would send the scope as such. */
const NOT_SHOWN = /audience|[^\w:./,*-]/gi;

/**
 * Narrows the registered scopes of a client to those requested, in the order of registration. An absent `scope` requests all of them
 * (RFC 6749 §3.3).
 *
 * @throws OAuthError `invalid_scope` for anything but registered scopes, separated by single spaces.
 */
export function grantScopes(requested: string | undefined, registered: readonly Scope[]): readonly Scope[] {
  if (requested === undefined) return registered;
  const words = new Set<string>(requested.split(" "));
  const granted = registered.filter((scope) => words.delete(scope));
  if (words.size > 0) throw notGranted(requested, [...words], registered);
  return granted;
}

/** Creates the refusal of a client that is authenticated by now, so that it may know its own scopes. */
function notGranted(requested: string, refused: readonly string[], registered: readonly Scope[]): OAuthError {
  const stray = strayCharacter(requested.replaceAll(" ", ""));
  const words = refused.filter((word) => word !== "");
  const shown = words.slice(0, MAX_SHOWN_WORDS).map(show);
  if (words.length > shown.length) shown.push(`and ${words.length - shown.length} more`);
  const sentences = [
    ...(stray ? [`scope has ${stray}.`] : []),
    ...(refused.includes("") ? ["scope has a space too many."] : []),
    ...(shown.length > 0 ? [`Not granted: ${shown.join(" ")}.`] : []),
    `This client has: ${registered.join(" ")}.`,
    "Separate scopes by single spaces, or leave scope out to get all of them.",
  ];
  return new OAuthError("invalid_scope", { detail: sentences.join(" "), reason: "scope_not_granted", note: stray });
}

function show(word: string): string {
  if (containsClientSecret(word)) return "(a client secret)";
  const end = word.length > MAX_SHOWN_LENGTH ? "..." : "";
  return word.slice(0, MAX_SHOWN_LENGTH).replace(NOT_SHOWN, "?") + end;
}
