/** The scopes and their descriptions, as in the documentation of the product. */
export const SCOPE_PERMISSIONS = {
  "investigations:read": "Read investigation sessions and results",
  "investigations:write": "Start investigations, send follow-ups",
  "incidents:read": "List and view Sentinel incidents",
  "search:read": "Search investigations and entities",
  "graph:read": "Query the knowledge graph",
} as const;

/** The name of a scope. */
export type Scope = keyof typeof SCOPE_PERMISSIONS;

/** All scopes, in the order of the documentation of the product. */
export const SCOPES = Object.keys(SCOPE_PERMISSIONS) as [Scope, ...Scope[]];

/** Tells whether a word is the name of a scope. Names are case-sensitive (RFC 6749 §3.3). */
export function isScope(word: string): word is Scope {
  return Object.hasOwn(SCOPE_PERMISSIONS, word);
}
