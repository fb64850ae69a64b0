import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";

const APP = "dist/app";
const CONTENT = ["console", "functions.cjs", "host.json", "package.json"];
/** azd runs `npm install` in the folder, which leaves an empty lock file there (azure-dev, framework_service_node.go). */
const NPM_LOCK = "package-lock.json";
const bundle = readFileSync(`${APP}/functions.cjs`, "utf8");

test("the bundle has no text of zod in other languages than English: `import * as z`, not `{ z }`, leaves out what is not used", () => {
  // Not `toContain`, whose failure would print the bundle.
  expect(bundle.includes("Invalid input")).toBe(true);
  expect(bundle.includes("Ongeldige invoer")).toBe(false);
});

test("the bundle has the HTTP/1.1 client of undici without fetch and its second parser: if this breaks, look at the imports of undici/lib in build.ts and shared/azure/azure-http.ts", () => {
  expect(bundle.includes("undici's ../web/fetch/body.js is not in the bundle")).toBe(true);
  expect(bundle.includes("multipart/form-data; boundary")).toBe(false);
  expect(bundle.length).toBeLessThan(1_800_000);
});

describe("the folder that is deployed", () => {
  test("holds host.json, the entry point that package.json names, and the page: nothing to install, to build or to leave out", () => {
    expect(readdirSync(APP).filter((name) => name !== NPM_LOCK)).toEqual(CONTENT);
    expect(JSON.parse(readFileSync(`${APP}/package.json`, "utf8"))).toEqual({
      name: "socmate-api-clients",
      version: expect.any(String),
      private: true,
      main: "functions.cjs",
    });
    expect(readFileSync(`${APP}/host.json`, "utf8")).toBe(readFileSync("host.json", "utf8"));
  });

  test("needs nothing beside Node but the module that the Functions worker brings", () => {
    const required = [...bundle.matchAll(/\brequire\("([^"]+)"\)/g)].map(([, name = ""]) => name);
    const foreign = required.filter((name) => !isBuiltin(name));
    expect([...new Set(foreign)]).toEqual(["@azure/functions-core"]);
  });

  test("is whole at every moment of two builds at the same time", async () => {
    const build = () => promisify(execFile)(process.execPath, ["build.ts"]);
    let building = true;
    const builds = Promise.all([build(), build()]).finally(() => {
      building = false;
    });
    while (building) {
      expect(readdirSync(APP)).toEqual(expect.arrayContaining(CONTENT));
      expect(readFileSync(`${APP}/functions.cjs`, "utf8") === bundle).toBe(true);
      const [, script] = /src="\/(console\/[^"]+)"/.exec(readFileSync(`${APP}/console/index.html`, "utf8")) ?? [];
      expect(readFileSync(`${APP}/${script}`).length).toBeGreaterThan(100_000);
      await setTimeout(5);
    }
    await builds;
  });
});
