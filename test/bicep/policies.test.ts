import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { TEMPLATES } from "../../bicep/cli.ts";
import { type Element, elementsOf, parseXml } from "../../bicep/xml.ts";

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
    expect(steps).toEqual(["base", "choose", "validate-azure-ad-token", "rate-limit-by-key", "set-backend-service"]);
    expect(
      namesOf(inbound.children)
        .slice(4, -1)
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

  test("of the admin API pass Authorization on, open the function with the key, and drop forged identities", () => {
    expect(headersSet(policy("admin-api"))).toEqual({
      "content-type": "override",
      "x-functions-key": "override",
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
      authorization: "delete",
      cookie: "delete",
    });
  });

  test("for SoCMate's own API read our metadata, demand signature, expiry, issuer, audience and a scope", () => {
    const document = policy("access-token");
    expect(namesOf(document.children)).toEqual(["validate-jwt", "choose"]);
    const validation = section(document, "validate-jwt");
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
    const refusal = elementsOf(section(document, "choose"));
    expect(refusal.find(({ name }) => name === "set-status")?.attributes.code).toBe("403");
    expect(refusal.find(({ name }) => name === "value")?.text).toContain("insufficient_scope");
  });

  test("use exactly the named values that the template makes", () => {
    const used = ["admin-api", "console", "access-token"].flatMap(
      (name) => xmlOf(name).match(/(?<=\{\{).*?(?=\}\})/g) ?? [],
    );
    const template = readFileSync(join(TEMPLATES, "modules", "admin-api.bicep"), "utf8");
    const made = template.match(/(?<=')socmate-(admin|token|gateway)-[a-z]+(?=')/g) ?? [];
    expect([...new Set(used)].sort()).toEqual([...new Set(made)].sort());
  });
});
