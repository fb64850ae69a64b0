import type { ClientView } from "../../shared/model/client.ts";
import { isScope, SCOPE_PERMISSIONS } from "../../shared/model/scopes.ts";

/** A stored scope of a client and its permission. */
export interface ScopeWords {
  scope: string;
  words: string;
  isGranted: boolean;
}

/** The stored scopes of a client: those that its tokens can have, then those that the service does not know. */
export function scopesOf({
  scopes,
  unknown_scopes: unknown = [],
}: Pick<ClientView, "scopes" | "unknown_scopes">): ScopeWords[] {
  const notGranted = "Not granted: this release of SoCMate does not know this scope";
  return [
    ...scopes.map((scope) => ({ scope, words: permissionOf(scope), isGranted: true })),
    ...unknown.map((scope) => ({ scope, words: notGranted, isGranted: false })),
  ];
}

/** The service may be newer than an open page. */
function permissionOf(scope: string): string {
  return isScope(scope) ? SCOPE_PERMISSIONS[scope] : "A scope that is newer than this page: reload it";
}
