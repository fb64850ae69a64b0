import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { generateClientSecret } from "../../../shared/clients/client-secret.ts";
import type { OAuthError } from "../../../shared/http/oauth-error.ts";
import type { Scope } from "../../../shared/model/scopes.ts";
import { grantScopes } from "../../../shared/tokens/grant-scopes.ts";
import { anyText } from "../../any-text.ts";

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

describe("the refusal of a scope", () => {
  const detailOf = (requested: string) => {
    try {
      grantScopes(requested, registered);
    } catch (error) {
      return (error as OAuthError).detail ?? "";
    }
    throw new Error("granted");
  };

  test("names the words that were not granted, and the scopes of the client [check 65]", () => {
    const detail = detailOf("search:read graph:read admin graph:read");
    expect(detail).toContain("graph:read admin");
    expect(detail).not.toContain("search:read graph:read");
    expect(detail).toContain(registered.join(" "));
  });

  test.for<[string, string, string]>([
    ["quotes and backslashes", String.raw`"a\b"`, "?a?b?"],
    ["markup", "<script>x</script>", "?script?x?/script?"],
    ["a line break", "a\nb", "a?b"],
    ["letters beyond ASCII", "s\u0435arch:read", "s?arch:read"],
    ["the word that makes Shuffle send a scope as another parameter", "my-Audience:x", "my-?:x"],
    ["a client secret", generateClientSecret(), "(a client secret)"],
    ["half of a client secret", generateClientSecret().slice(0, 40), "(a client secret)"],
  ])("shows %s in safe characters [check 20] [check 65]", ([, word, shown]) => {
    expect(detailOf(word)).toContain(`: ${shown}. `);
  });

  test("is limited in the length and number of the words [check 65]", () => {
    const detail = detailOf(Array.from({ length: 200 }, (_, index) => `${index}${"x".repeat(36)}`).join(" "));
    expect(detail).toMatch(/ 4x{36} and 195 more\. /);
    expect(detailOf("y".repeat(8_000))).toMatch(/: y{40}\.\.\.\. /);
    expect(detail.length).toBeLessThan(500);
  });

  test("is in the characters of RFC 6749 §5.2, and short, whatever was requested [check 20]", () => {
    fc.assert(
      fc.property(anyText({ minLength: 1 }), (requested) => {
        fc.pre(!requested.split(" ").every((word) => registered.includes(word as Scope)));
        expect(detailOf(requested)).toMatch(/^[\x20\x21\x23-\x5b\x5d-\x7e]{1,600}$/);
      }),
    );
  });
});
