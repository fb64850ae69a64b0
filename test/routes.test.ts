import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type FunctionsApp, loadFunctionsApp } from "../local/host/functions-core.ts";
import type { RpcBindingInfo } from "../local/host/functions-messages.ts";

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/** What the host may send to an endpoint, by the name of its function. An endpoint answers 405 to a method that its route does not have. */
const ENDPOINTS = {
  token: [METHODS, "oauth/token"],
  jwks: [METHODS, ".well-known/jwks.json"],
  metadata: [METHODS, ".well-known/oauth-authorization-server"],
  openidConfiguration: [METHODS, ".well-known/openid-configuration"],
  health: [METHODS, "health"],
  create: [["POST"], "api/admin/api-clients"],
  list: [METHODS.filter((method) => method !== "POST"), "api/admin/api-clients"],
  get: [METHODS.filter((method) => method !== "DELETE"), "api/admin/api-clients/{client_id}"],
  regenerate: [METHODS, "api/admin/api-clients/{client_id}/regenerate-secret"],
  disable: [["DELETE"], "api/admin/api-clients/{client_id}"],
  console: [METHODS, "console/{*path}"],
} as const;

describe("the deployed bundle", () => {
  let app: FunctionsApp;
  let triggers: Map<string, RpcBindingInfo>;
  beforeAll(async () => {
    // Functions are registered without settings all the same; what the start says of them is not the matter here.
    vi.spyOn(console, "error").mockReturnValue();
    // As the Node worker does (azure-functions-nodejs-worker, startApp.ts).
    const { main } = JSON.parse(readFileSync("dist/app/package.json", "utf8"));
    app = await loadFunctionsApp(resolve("dist/app", main), () => undefined);
    triggers = new Map(app.functions.map(({ name, bindings }) => [name, triggerOf(bindings)]));
  });
  afterAll(() => app.terminate());

  const httpTriggers = () => [...triggers].filter(([, { type }]) => type === "httpTrigger");

  test("has the endpoints that there shall be, with their methods [check 1]", () => {
    const registered = httpTriggers().map(([name, { methods, route }]) => [name, [methods, route]]);
    expect(Object.fromEntries(registered)).toEqual(ENDPOINTS);
  });

  test("gives every method of a route to exactly one function, so that none ends in the host's 404 [check 62]", () => {
    const routes = Map.groupBy(httpTriggers(), ([, { route }]) => route);
    for (const [route, functions] of routes) {
      const methods = functions.flatMap(([, trigger]) => trigger.methods ?? []);
      expect(methods.toSorted(), route).toEqual(METHODS.toSorted());
    }
  });

  test("registers each function once", () => {
    expect(app.functions).toHaveLength(triggers.size);
  });

  test("spells every route whole, and none as the host would refuse it", () => {
    for (const [name, { route }] of httpTriggers()) {
      expect(route, name).toMatch(/^(\.well-known\/|oauth\/|health$|api\/admin\/|console\/)/);
      expect(route, name).not.toMatch(/^(admin|runtime)/i);
    }
  });

  test("asks for the gateway's host key at the admin API, beside the admin token, and for none where everybody may come", () => {
    for (const [name, trigger] of httpTriggers()) {
      const authLevel = trigger.route?.startsWith("api/admin/") ? "function" : "anonymous";
      expect(trigger, name).toMatchObject({ authLevel });
    }
  });

  test("takes requests as streams, so that chunked bodies arrive", () => {
    expect(app.httpUri).toMatch(/^http:\/\//);
  });
});

function triggerOf(bindings: Readonly<Record<string, RpcBindingInfo>>): RpcBindingInfo {
  const trigger = Object.values(bindings).find(({ type }) => type.endsWith("Trigger"));
  if (!trigger) throw new Error("a function without a trigger");
  return trigger;
}
