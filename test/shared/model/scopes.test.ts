import { describe, expect, test } from "vitest";
import { grantScopes, isScope, SCOPE_PERMISSIONS, SCOPES, type Scope } from "../../../shared/model/scopes.ts";

const registered: Scope[] = ["incidents:read", "investigations:write", "search:read"];

test("there are the five scopes of the product's documentation, with its words", () => {
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

describe("granted are", () => {
  test("all registered scopes where none is asked for (RFC 6749 §3.3) [check 16]", () => {
    expect(grantScopes(undefined, registered)).toEqual(registered);
  });

  test.for([
    ["search:read", ["search:read"]],
    ["search:read incidents:read", ["incidents:read", "search:read"]],
    ["search:read search:read", ["search:read"]],
    ["search:read investigations:write incidents:read", registered],
  ] as const)("for %j those that were asked for, in any order (RFC 6749 §3.3) [check 15]", ([requested, granted]) => {
    expect(grantScopes(requested, registered)).toEqual(granted);
  });

  test.for([
    ["unknown", "search:read alerts:read"],
    ["not registered", "search:read graph:read"],
    ["in upper case", "SEARCH:READ"],
    ["a tab", "search:read\tincidents:read"],
    ["a line break", "search:read\nincidents:read"],
    ["a no-break space", "search:read\u00a0incidents:read"],
    ["two spaces", "search:read  incidents:read"],
    ["a space first", " search:read"],
    ["a space last", "search:read "],
    ["a space alone", " "],
    ["commas", "search:read,incidents:read"],
    ["a wildcard", "*"],
    ["a property of every object", "__proto__"],
  ])("none for a scope that is %s (RFC 6749 §3.3) [check 15]", ([, requested]) => {
    expect(() => grantScopes(requested, registered)).toThrow(
      expect.objectContaining({ code: "invalid_scope", status: 400 }),
    );
  });
});
