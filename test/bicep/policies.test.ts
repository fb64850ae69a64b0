import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { TEMPLATES } from "../../bicep/cli.ts";
import { type Element, elementsOf, parseXml } from "../../bicep/xml.ts";
import { readClaims, TokenFault } from "../../shared/admin/admin-token.ts";

const xmlOf = (name: string) => readFileSync(join(TEMPLATES, "policies", `${name}.xml`), "utf8");
const policy = (name: string) => parseXml(xmlOf(name));
const namesOf = (elements: readonly Element[]) => elements.map(({ name }) => name);

function section(document: Element, name: string): Element {
  const found = document.children.find((child) => child.name === name);
  if (!found) throw new Error(`There is no <${name}>.`);
  return found;
}

/** What a policy does to a header, by the header's name in lower case. */
function headersSet(document: Element): Record<string, string | undefined> {
  return Object.fromEntries(
    elementsOf(section(document, "inbound"))
      .filter(({ name }) => name === "set-header")
      .map(({ attributes }) => [attributes.name?.toLowerCase(), attributes["exists-action"]]),
  );
}

const SCOPE = "administer";
const CLIENTS = ["10ca1000-0000-4000-8000-000000000003", "10ca1000-0000-4000-8000-00000000000d"];
const RULES = { issuer: "https://login.example/tenant/v2.0", scope: SCOPE, clientIds: CLIENTS };
const LIFETIME = { iat: 0, exp: 600 };

/** A token as a policy sees it. */
interface PolicyToken {
  claims: Record<string, string | undefined>;
  type: string | null;
}

/** Evaluates a policy expression about the administrator's token. The part of C# that it uses is, but for two words, JavaScript. */
function policyExpression(expression: string, values: Record<string, string>): (token: PolicyToken) => unknown {
  const [, body = ""] = /^@\{(.*)\}$/s.exec(expression) ?? [];
  const code = body
    .replace(/\{\{(.*?)\}\}/g, (_, name: string) => values[name] ?? "")
    .replaceAll("(Jwt)", "")
    .replaceAll(".Contains(", ".includes(");
  const evaluate = new Function("context", code);
  return ({ claims, type }) =>
    evaluate({
      Variables: {
        administrator: {
          Claims: {
            GetValueOrDefault: (name: string, otherwise: string) => claims[name] ?? otherwise,
            ContainsKey: (name: string) => claims[name] !== undefined,
          },
          Subject: claims.sub,
          Type: type,
        },
      },
    });
}

/** Evaluates the expression of a body after a rate limit. The part of C# that it uses is, but for a cast, JavaScript. */
function bodyOf(expression: string): unknown {
  const [, code = ""] = /^@\((.*)\)$/s.exec(expression) ?? [];
  const evaluate = new Function("context", "JObject", "JProperty", `return ${code.replaceAll("(string)", "")}`);
  const property = function (this: object, name: string, value: unknown) {
    Object.assign(this, { [name]: value });
  };
  const object = function (this: object, ...properties: object[]) {
    Object.assign(this, { ToString: () => JSON.stringify(Object.assign({}, ...properties)) });
  };
  const context = {
    RequestId: "id-of-the-gateway",
    Response: { StatusReason: "Too Many Requests", StatusCode: 429 },
    Variables: { detail: "d" },
  };
  return JSON.parse(evaluate(context, object, property));
}

/** All objects that take one of the values for each member. */
function combinations(values: Record<string, readonly (string | undefined)[]>): Record<string, string | undefined>[] {
  return Object.entries(values).reduce<Record<string, string | undefined>[]>(
    (all, [name, choices]) => all.flatMap((one) => choices.map((value) => ({ ...one, [name]: value }))),
    [{}],
  );
}

describe("the parser of policies", () => {
  test.each([
    ["<a><b></a>", "unexpected </a>"],
    ["<a>", "not one whole document"],
    ["<a/><b/>", "not one whole document"],
    ["<a x='1' x='2'/>", "x is repeated"],
    ["<a x=1/>", "not well formed"],
    ["<a x='a && b'/>", 'bare & in "&"'],
    ["<a x='a < b'/>", "not well formed"],
    ["<a>&nbsp;</a>", 'bare & in "&nbsp;"'],
    ["<a><!-- -- --></a>", "not well formed"],
  ])("refuses %s", (xml, why) => {
    expect(() => parseXml(xml)).toThrow(why);
  });
});

describe("policies", () => {
  test.each(["admin-api", "console"])("%s has the four sections in their order, each inheriting", (name) => {
    const document = policy(name);
    expect(document.name).toBe("policies");
    expect(namesOf(document.children)).toEqual(["inbound", "backend", "outbound", "on-error"]);
    for (const inheriting of ["inbound", "outbound", "on-error"]) {
      expect(section(document, inheriting).children[0]?.name, inheriting).toBe("base");
    }
  });

  test.each(["admin-api", "console"])("%s forwards a request once and never again", (name) => {
    const document = policy(name);
    expect(namesOf(section(document, "backend").children)).toEqual(["forward-request"]);
    expect(namesOf(elementsOf(document))).not.toContain("retry");
    expect(namesOf(elementsOf(document)).filter((element) => element === "forward-request")).toHaveLength(1);
  });

  test("of the admin API checks size, token and rate in this order, before anything is set", () => {
    const inbound = section(policy("admin-api"), "inbound");
    const steps = namesOf(inbound.children).filter((name) => name !== "set-header");
    const expected = [
      "base",
      "choose",
      "validate-azure-ad-token",
      "choose",
      "rate-limit-by-key",
      "set-backend-service",
    ];
    expect(steps).toEqual(expected);
    expect(
      namesOf(inbound.children)
        .slice(5, -1)
        .every((name) => name === "set-header"),
    ).toBe(true);
  });

  test("of the admin API lets in only tokens of the tenant, the audience and the role", () => {
    const [validation] = section(policy("admin-api"), "inbound").children.filter(
      ({ name }) => name === "validate-azure-ad-token",
    );
    expect(validation?.attributes).toMatchObject({ "tenant-id": "{{socmate-admin-tenant}}" });
    const texts = (validation ? elementsOf(validation) : []).filter(({ text }) => text !== "");
    expect(texts.map(({ name, text }) => [name, text])).toEqual([
      ["audience", "{{socmate-admin-audience}}"],
      ["value", "{{socmate-admin-role}}"],
    ]);
  });

  test("of the admin API lets in the tokens that the function lets in, and no ID token", () => {
    const expression = elementsOf(section(policy("admin-api"), "inbound"))
      .map(({ attributes }) => attributes.condition ?? "")
      .find((condition) => condition.includes("{{socmate-admin-scope}}"));
    const isRefused = policyExpression(expression ?? "", {
      "socmate-admin-scope": SCOPE,
      "socmate-admin-clients": CLIENTS.join(),
    });
    const isAccepted = (claims: Record<string, unknown>) => {
      try {
        return readClaims({ ...LIFETIME, ...claims }, RULES, new Date(0)).hasScope;
      } catch (error) {
        if (error instanceof TokenFault) return false;
        throw error;
      }
    };
    const verdicts = combinations({
      scp: [undefined, SCOPE, `openid ${SCOPE}`, `${SCOPE}s`, "openid"],
      idtyp: [undefined, "app", "user"],
      azp: [undefined, ...CLIENTS, "other"],
      oid: ["a", "b"],
      sub: ["a"],
      ver: ["2.0", "1.0"],
    }).map((claims) => [claims, !isRefused({ claims, type: "JWT" }), isAccepted(claims)] as const);
    expect(verdicts.filter(([, atGateway, atFunction]) => atGateway !== atFunction)).toEqual([]);
    expect(new Set(verdicts.map(([, atGateway]) => atGateway)).size).toBe(2);

    const claims = { scp: SCOPE, azp: CLIENTS[0], oid: "a", sub: "s", ver: "2.0" };
    expect([null, "JWT", "at+jwt", "id+jwt"].map((type) => !isRefused({ claims, type }))).toEqual([
      true,
      true,
      true,
      false,
    ]);
    const idToken = { oid: "a", sub: "s", ver: "2.0", nonce: "n" };
    expect(isRefused({ claims: idToken, type: "JWT" })).toBe(true);
  });

  test("of the admin API answer a problem with the id of the gateway, in the body and in X-Request-Id [check 61]", () => {
    const answers = elementsOf(policy("admin-api")).filter(
      ({ name }) => name === "return-response" || name === "on-error",
    );
    const bodies = answers.map((answer) => {
      const header = answer.children.find(({ attributes }) => attributes.name === "X-Request-Id");
      expect(header?.children[0]?.text).toBe("@(context.RequestId.ToString())");
      return bodyOf(section(answer, "set-body").text);
    });
    const instance = "urn:uuid:id-of-the-gateway";
    expect(bodies).toEqual([
      { type: "about:blank", title: "Content Too Large", status: 413, detail: expect.any(String), instance },
      { type: "about:blank", title: "Unauthorized", status: 401, detail: expect.any(String), instance },
      { type: "about:blank", title: "Too Many Requests", status: 429, detail: "d", instance },
    ]);
  });

  test("of the admin page answer an error with the id of the gateway [check 61]", () => {
    const [, header] = section(policy("console"), "on-error").children;
    expect(header?.attributes).toEqual({ name: "X-Request-Id", "exists-action": "override" });
    expect(header?.children[0]?.text).toBe("@(context.RequestId.ToString())");
  });

  test("name the address of their caller, whatever it has sent", () => {
    for (const name of ["admin-api", "console"]) {
      const header = section(policy(name), "inbound").children.find(
        ({ attributes }) => attributes.name === "X-Azure-SocketIP",
      );
      expect(header?.attributes["exists-action"], name).toBe("override");
      expect(header?.children[0]?.text, name).toBe("@(context.Request.IpAddress)");
    }
  });

  test("leave X-Request-Id of the function alone [check 61]", () => {
    for (const name of ["admin-api", "console"]) {
      const before = ["inbound", "outbound"].flatMap((each) => section(policy(name), each).children);
      expect(before.filter(({ attributes }) => attributes.name === "X-Request-Id")).toEqual([]);
    }
  });

  test("of the admin API pass Authorization on, open the function with the key, and drop forged identities", () => {
    expect(headersSet(policy("admin-api"))).toEqual({
      "content-type": "override",
      "x-request-id": "override",
      "www-authenticate": "override",
      "x-functions-key": "override",
      "x-azure-socketip": "override",
      "x-ms-client-principal": "delete",
      "x-ms-client-principal-id": "delete",
      "x-ms-client-principal-name": "delete",
      "x-ms-client-principal-idp": "delete",
    });
    expect(namesOf(elementsOf(policy("admin-api")))).not.toContain("authentication-managed-identity");
  });

  test("of the admin page check no token and pass none on", () => {
    expect(headersSet(policy("console"))).toEqual({
      "x-functions-key": "override",
      "x-azure-socketip": "override",
      authorization: "delete",
      cookie: "delete",
    });
  });

  test("for SoCMate's own API read our metadata, demand signature, expiry, issuer, audience, type and a scope", () => {
    const document = policy("access-token");
    expect(namesOf(document.children)).toEqual(["validate-jwt", "choose", "choose"]);
    const [validation, wrongType, wrongScope] = document.children as [Element, Element, Element];
    expect(validation.attributes).toMatchObject({
      "header-name": "Authorization",
      "require-scheme": "Bearer",
      "require-signed-tokens": "true",
      "require-expiration-time": "true",
    });
    expect(validation.children[0]?.attributes.url).toBe("{{socmate-token-issuer}}/.well-known/openid-configuration");
    expect(
      elementsOf(validation)
        .map(({ text }) => text)
        .filter(Boolean),
    ).toEqual(["{{socmate-token-audience}}", "{{socmate-token-issuer}}"]);
    const refusal = (choose: Element) => ({
      condition: choose.children[0]?.attributes.condition,
      status: elementsOf(choose).find(({ name }) => name === "set-status")?.attributes.code,
      challenge: elementsOf(choose).find(({ name }) => name === "value")?.text,
    });
    expect(refusal(wrongType)).toEqual({
      condition: expect.stringContaining('!"at+jwt".Equals((string)JObject.Parse(json)["typ"]'),
      status: "401",
      challenge: 'Bearer error="invalid_token"',
    });
    expect(refusal(wrongScope)).toEqual({
      condition: expect.stringContaining("required-scope"),
      status: "403",
      challenge: expect.stringContaining("insufficient_scope"),
    });
  });

  test.each(["admin-api", "console", "access-token"])(
    "%s names no path: it counts for its whole API, however a caller spells one",
    (name) => {
      // The backend has a path, but no rule.
      expect(xmlOf(name).replace(/<!--.*?-->|<set-backend-service [^>]*>/gs, "")).not.toMatch(
        /Request\.(OriginalUrl|Url)|\.Path|\/api\/|\/oauth\//,
      );
    },
  );

  test("use exactly the named values that the template makes", () => {
    const used = ["admin-api", "console", "access-token"].flatMap(
      (name) => xmlOf(name).match(/(?<=\{\{).*?(?=\}\})/g) ?? [],
    );
    const template = readFileSync(join(TEMPLATES, "modules", "admin-api.bicep"), "utf8");
    const made = template.match(/(?<=')socmate-(admin|token|gateway)-[a-z]+(?=')/g) ?? [];
    expect([...new Set(used)].sort()).toEqual([...new Set(made)].sort());
  });
});
