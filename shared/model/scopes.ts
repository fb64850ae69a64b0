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
