import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { OAUTH_PARAMETERS, parseForm } from "../../../shared/http/form.ts";
import { OAuthError } from "../../../shared/http/oauth-error.ts";
import { anyText } from "../../any-text.ts";

const parse = (body: string) => parseForm(Buffer.from(body));
const refusal = (message: string) => expect.objectContaining({ code: "invalid_request", status: 400, message });

describe("a form", () => {
  test.for([
    ["", {}],
    ["grant_type=client_credentials&scope=search%3Aread", { grant_type: "client_credentials", scope: "search:read" }],
    ["client_id=a%2Bb%26c%3Dd", { client_id: "a+b&c=d" }],
    ["client%5Fid=a", { client_id: "a" }],
    ["client_secret=a=b=c", { client_secret: "a=b=c" }],
    ["&&scope=a&", { scope: "a" }],
  ] as const)("%j is read as %j", ([body, form]) => {
    expect(parse(body)).toEqual(form);
  });

  test.for(["scope", "scope=", "scope=&client_id="])(
    "%j has no parameter, as one without a value counts as absent (RFC 6749 §3.2) [check 3]",
    (body) => {
      expect(parse(body)).toEqual({});
    },
  );

  test("ignores parameters that are none of OAuth's, even repeated ones (RFC 6749 §3.2) [check 4]", () => {
    expect(parse("audience=a&audience=b&__proto__=c&constructor=d&Scope=e&scope=f")).toEqual({ scope: "f" });
  });

  test.for(OAUTH_PARAMETERS)("is refused where %s is repeated, even empty (RFC 6749 §3.2) [check 5]", (name) => {
    for (const body of [`${name}=a&${name}=a`, `${name}&${name}=a`, `${name}=a&x=y&${name.replace("_", "%5f")}=`]) {
      expect(() => parse(body), body).toThrow(refusal(`repeated_parameter: ${name}`));
    }
  });

  test.for(["scope=%", "scope=%2", "scope=%GG", "%=a", "unknown=%zz", "scope=%FF", "scope=%C3%28", "scope=%ED%A0%80"])(
    "is refused for malformed percent-encoding: %s (RFC 6749 App. B) [check 7]",
    (body) => {
      expect(() => parse(body)).toThrow(refusal("malformed_body: percent-encoding"));
    },
  );

  test("is refused where it is not UTF-8 [check 7]", () => {
    expect(() => parseForm(Uint8Array.from([0x73, 0x3d, 0xff]))).toThrow(refusal("malformed_body: UTF-8"));
  });

  test("reads + as a space (RFC 6749 App. B) [check 7]", () => {
    expect(parse("scope=search:read+graph:read")).toEqual({ scope: "search:read graph:read" });
  });

  test("takes a raw space and colon as they are, which Shuffle sends", () => {
    expect(parse("scope=search:read graph:read")).toEqual({ scope: "search:read graph:read" });
  });

  test("survives the way through URLSearchParams, whatever is in it", () => {
    const values = fc.dictionary(fc.constantFrom(...OAUTH_PARAMETERS), anyText({ minLength: 1 }), {
      noNullPrototype: true,
    });
    fc.assert(
      fc.property(values, (form) => {
        expect(parse(new URLSearchParams(form).toString())).toEqual(form);
      }),
    );
  });

  test("of any bytes is read or refused, never a crash", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          parseForm(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(OAuthError);
        }
      }),
    );
  });
});
