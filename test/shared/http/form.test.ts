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
  ] as const)("reads the form %j as %j", ([body, form]) => {
    expect(parse(body)).toEqual(form);
  });

  test.for(["scope", "scope=", "scope=&client_id="])(
    "treats the parameters without a value in %j as absent (RFC 6749 §3.2) [check 3]",
    (body) => {
      expect(parse(body)).toEqual({});
    },
  );

  test("ignores unknown parameters of a form, even repeated ones (RFC 6749 §3.2) [check 4]", () => {
    expect(parse("audience=a&audience=b&__proto__=c&constructor=d&Scope=e&scope=f")).toEqual({ scope: "f" });
  });

  test.for(OAUTH_PARAMETERS)(
    "refuses a form with a repeated %s, even an empty one (RFC 6749 §3.2) [check 5]",
    (name) => {
      for (const body of [`${name}=a&${name}=a`, `${name}&${name}=a`, `${name}=a&x=y&${name.replace("_", "%5f")}=`]) {
        expect(() => parse(body), body).toThrow(refusal(`repeated_parameter: ${name}`));
      }
    },
  );

  test.for(["scope=%", "scope=%2", "scope=%GG", "%=a", "unknown=%zz", "scope=%FF", "scope=%C3%28", "scope=%ED%A0%80"])(
    "refuses a form with malformed percent-encoding: %s (RFC 6749 App. B) [check 7]",
    (body) => {
      expect(() => parse(body)).toThrow(refusal("malformed_body: percent-encoding"));
    },
  );

  test("refuses a form that is not UTF-8 [check 7]", () => {
    expect(() => parseForm(Uint8Array.from([0x73, 0x3d, 0xff]))).toThrow(refusal("malformed_body: UTF-8"));
  });

  test("reads + in a form as a space (RFC 6749 App. B) [check 7]", () => {
    expect(parse("scope=search:read+graph:read")).toEqual({ scope: "search:read graph:read" });
  });

  test("accepts an unencoded space and colon in a form, as Shuffle sends them", () => {
    expect(parse("scope=search:read graph:read")).toEqual({ scope: "search:read graph:read" });
  });

  test("reads back any form that URLSearchParams encodes", () => {
    const values = fc.dictionary(fc.constantFrom(...OAUTH_PARAMETERS), anyText({ minLength: 1 }), {
      noNullPrototype: true,
    });
    fc.assert(
      fc.property(values, (form) => {
        expect(parse(new URLSearchParams(form).toString())).toEqual(form);
      }),
    );
  });

  test("reads or refuses a form of any bytes without another error", () => {
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
