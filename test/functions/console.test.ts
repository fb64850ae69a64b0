import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { HttpRequest, InvocationContext } from "@azure/functions";
import { beforeAll, describe, expect, test } from "vitest";
import { adminPage } from "../../functions/console.ts";
import { publicEndpoint } from "../../shared/endpoint.ts";
import { consoleSettingsSchema } from "../../shared/model/console-settings.ts";
import { createFakeServices, type FakeServices } from "../fakes/fake-services.ts";

let services: FakeServices;
beforeAll(async () => {
  services = await createFakeServices();
});

/** Requests a path below `/console/`, as the host forwards it. */
async function ask(path: string | undefined, headers: Record<string, string> = {}, config = services.config) {
  const request = new HttpRequest({
    method: "GET",
    url: "http://127.0.0.1/console/",
    headers,
    params: path === undefined ? {} : { path },
  });
  const context = new InvocationContext({ functionName: "console", logHandler: () => undefined });
  const answer =
    (await publicEndpoint(adminPage("dist/app/console"), () => ({ ...services, config }))(request, context)) ?? {};
  const body = answer.body instanceof Uint8Array ? Buffer.from(answer.body) : Buffer.from(String(answer.body));
  return { status: answer.status, headers: answer.headers as Record<string, string>, body };
}

async function assetPath(ending: string): Promise<string> {
  const { body } = await ask(undefined);
  const [, path = ""] = new RegExp(`"/console/(assets/[^"]+\\.${ending})"`).exec(body.toString()) ?? [];
  expect(path).not.toBe("");
  return path;
}

describe("the admin page", () => {
  test("the admin page is never stored and loads its own files alone [check 58]", async () => {
    const { status, headers, body } = await ask(undefined);
    expect({ status, cache: headers["Cache-Control"], type: headers["Content-Type"] }).toEqual({
      status: 200,
      cache: "no-store",
      type: "text/html; charset=utf-8",
    });
    const html = body.toString();
    expect(html.match(/<script/g)).toHaveLength(1);
    expect(html).not.toMatch(/<script(?![^>]* src=)|<style|\sstyle=|\son\w+=/);
    for (const [, url] of html.matchAll(/(?:src|href)="([^"]*)"/g)) expect(url).toMatch(/^\/console\/assets\//);
  });

  test("the admin page has a policy without unsafe-inline, with Trusted Types, and without frames [check 58]", async () => {
    const policy = (await ask(undefined)).headers["Content-Security-Policy"] ?? "";
    const directives = Object.fromEntries(policy.split("; ").map((directive) => directive.split(/ (.*)/).slice(0, 2)));
    expect(directives).toEqual({
      "default-src": "'none'",
      "script-src": "'self'",
      "style-src": `'self' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='`,
      "img-src": "'self'",
      "connect-src": `'self' https://auth.socmate.example ${new URL(services.config.admin.issuer).origin}`,
      "base-uri": "'none'",
      "form-action": "'none'",
      "frame-ancestors": "'none'",
      "require-trusted-types-for": "'script'",
      "trusted-types": "'none'",
    });
  });

  test("every file of the admin page has the other security headers", async () => {
    for (const path of [undefined, await assetPath("js")]) {
      expect((await ask(path)).headers).toMatchObject({
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
      });
    }
  });

  test.for([
    ["js", "text/javascript; charset=utf-8"],
    ["css", "text/css; charset=utf-8"],
    ["svg", "image/svg+xml"],
  ] as const)(
    ".%s files of the admin page are cached for ever, since their names contain a hash",
    async ([ending, type]) => {
      const path = await assetPath(ending);
      expect(path).toMatch(/-[\w-]{8}\.\w+$/);
      expect((await ask(path)).headers).toMatchObject({
        "Content-Type": type,
        "Cache-Control": "public, max-age=31536000, immutable",
      });
    },
  );

  test.for([
    ["gzip, deflate, br", "br"],
    ["gzip;q=1.0, br;q=0", "gzip"],
    ["GZIP", "gzip"],
    ["deflate", undefined],
    ["", undefined],
  ] as const)(
    "compresses the admin page as Accept-Encoding %j allows (RFC 9110 §12.5.3)",
    async ([accepted, encoding]) => {
      const path = await assetPath("js");
      const plain = await ask(path);
      const answer = await ask(path, { "accept-encoding": accepted });
      expect(answer.headers["Content-Encoding"]).toBe(encoding);
      expect(answer.headers).toMatchObject({ Vary: "Accept-Encoding" });
      const decode = { br: brotliDecompressSync, gzip: gunzipSync, none: (body: Buffer) => body }[encoding ?? "none"];
      expect(decode(answer.body).equals(plain.body)).toBe(true);
    },
  );

  test.for([
    "nothing.js",
    "../functions.cjs",
    "assets/../../functions.cjs",
    "..%2ffunctions.cjs",
    "/etc/passwd",
    "assets",
    "assets/",
    "index.html.br",
    "__proto__",
    "\0",
  ])("answers a request for the file %j of the admin page with 404", async (path) => {
    const { status, headers, body } = await ask(path);
    expect({ status, cache: headers["Cache-Control"] }).toEqual({ status: 404, cache: "no-store" });
    expect(JSON.parse(body.toString())).toMatchObject({
      detail: "The admin page has no such file: it is at /console/.",
    });
  });

  test("the admin page has the licenses of its packages", async () => {
    expect((await ask("licenses.md")).body.toString()).toContain("react-dom");
  });
});

describe("the settings of the page", () => {
  test("the settings of the admin page have the parameters of the sign-in and nothing confidential", async () => {
    const { status, headers, body } = await ask("config.json");
    expect({ status, cache: headers["Cache-Control"] }).toEqual({ status: 200, cache: "no-store" });
    const settings = JSON.parse(body.toString());
    expect(consoleSettingsSchema.strict().parse(settings)).toEqual({
      sign_in: "local",
      issuer: services.config.admin.issuer,
      client_id: services.config.consoleClientId,
      scope: `${services.config.admin.audience}/administer`,
      token_endpoint: "https://auth.socmate.example/oauth/token",
      token_lifetime_seconds: 1800,
    });
  });

  test("the settings of the admin page name Entra ID for an issuer that is not local", async () => {
    const issuer = "https://login.microsoftonline.com/10ca1000-0000-4000-8000-000000000001/v2.0";
    const config = { ...services.config, admin: { ...services.config.admin, issuer } };
    const { body } = await ask("config.json", {}, config);
    expect(JSON.parse(body.toString())).toMatchObject({ sign_in: "entra", issuer });
    const policy = (await ask(undefined, {}, config)).headers["Content-Security-Policy"];
    expect(policy).toContain("connect-src 'self' https://auth.socmate.example https://login.microsoftonline.com;");
  });

  test("answers every file of the admin page with 404 without CONSOLE_CLIENT_ID", async () => {
    const config = { ...services.config, consoleClientId: undefined };
    for (const path of [undefined, "config.json", await assetPath("js")]) {
      expect((await ask(path, {}, config)).status, path).toBe(404);
    }
  });
});
