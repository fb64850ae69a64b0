import { expect, test } from "vitest";
import { isScope, SCOPE_PERMISSIONS, SCOPES } from "../../../shared/model/scopes.ts";

test("the scopes are the five of the product's documentation, with its descriptions", () => {
  expect(SCOPE_PERMISSIONS).toEqual({
    "investigations:read": "Read investigation sessions and results",
    "investigations:write": "Start investigations, send follow-ups",
    "incidents:read": "List and view Sentinel incidents",
    "search:read": "Search investigations and entities",
    "graph:read": "Query the knowledge graph",
  });
  expect(SCOPES).toEqual(Object.keys(SCOPE_PERMISSIONS));
});

test.for(["", "search", "Search:read", "search:read ", "toString", "__proto__", "constructor"])(
  "%j is not a scope (RFC 6749 §3.3) [check 15]",
  (word) => {
    expect(isScope(word)).toBe(false);
  },
);
