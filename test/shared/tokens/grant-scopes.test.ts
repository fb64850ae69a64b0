import { describe, expect, test } from "vitest";
import type { Scope } from "../../../shared/model/scopes.ts";
import { grantScopes } from "../../../shared/tokens/grant-scopes.ts";

const registered: Scope[] = ["incidents:read", "investigations:write", "search:read"];

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
