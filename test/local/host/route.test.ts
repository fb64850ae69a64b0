import { describe, expect, test } from "vitest";
import { decodePath, encodePath } from "../../../local/host/kestrel.ts";
import { compileRoute } from "../../../local/host/route.ts";

describe("a route", () => {
  test.each([
    ["api/clients", "/api/clients", {}],
    ["api/clients", "/API/Clients/", {}],
    ["api/clients", "/api/clients/1", undefined],
    ["api/clients", "/api//clients", undefined],
    [".well-known/jwks.json", "/.well-known/jwks.json", {}],
    [".well-known/jwks.json", "/.well-known/jwksxjson", undefined],
    ["api/clients/{id}", "/api/clients/a b", { id: "a b" }],
    ["api/clients/{id}", "/api/clients/", undefined],
    ["api/clients/{id}", "/api/clients/a/b", undefined],
    ["api/clients/{id}/secret", "/api/clients/a%2Fb/secret", { id: "a%2Fb" }],
    ["files/{name?}", "/files", {}],
    ["files/{name?}", "/files/a", { name: "a" }],
    ["files/{*path}", "/files/a/b", { path: "a/b" }],
    ["files/{*path}", "/files", {}],
  ])("%s matches %s with the parameters %j", (template, path, parameters) => {
    expect(compileRoute(template).match(path)).toEqual(parameters);
  });

  test("sorts literals before parameters, and parameters before a catch-all", () => {
    const templates = ["a/{*path}", "a/{id}", "a/b"];
    const sorted = templates.map(compileRoute).sort((a, b) => (a.precedence < b.precedence ? -1 : 1));
    expect(sorted.map(({ template }) => template)).toEqual(["a/b", "a/{id}", "a/{*path}"]);
  });

  test.each(["a/{id:int}", "a/{id=1}", "a/x{id}"])("%s is refused as not supported", (template) => {
    expect(() => compileRoute(template)).toThrow(template);
  });
});

describe("a request path", () => {
  test.each([
    ["/a%20b", "/a b"],
    ["/%C3%A4", "/ä"],
    ["/a%2Fb%2fc", "/a%2Fb%2fc"],
    ["/a%ZZ%ff", "/a%ZZ%ff"],
    ["/a/./b/../c", "/a/c"],
    ["/a/%2e%2e/%2E%2E/b", "/b"],
    ["/a/..", "/"],
    ["/a/b/.", "/a/b/"],
    ["//a", "//a"],
    ["/a%00", undefined],
    ["/ä", undefined],
    ["*", undefined],
    ["http://host/a", undefined],
  ])("%s is decoded to %s", (raw, decoded) => {
    expect(decodePath(raw)).toBe(decoded);
  });

  test.each([
    ["/a b", "/a%20b"],
    ["/ä?#%", "/%C3%A4%3F%23%25"],
    ["/a%2Fb", "/a%252Fb"],
  ])("%s is encoded to %s", (path, encoded) => {
    expect(encodePath(path)).toBe(encoded);
  });
});
