import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { DEBIAN_PATHS } from "./debian.ts";

const Versions = z.record(z.string(), z.string());
const manifest = z
  .object({
    workspaces: z.array(z.string()),
    dependencies: Versions,
    devDependencies: Versions,
    optionalDependencies: Versions,
    overrides: Versions,
  })
  .parse(readJson("package.json"));
const { workspaces, ...pinned } = manifest;
const entry = z.object({ version: z.string(), integrity: z.string() }).partial();
const lock = z.object({ packages: z.record(z.string(), entry) }).parse(readJson("package-lock.json"));

test("runs on the Node of the lock file where npm has one for this platform", () => {
  const bundled = `node_modules/node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;
  if (existsSync(bundled)) expect(process.version).toBe(`v${lock.packages[bundled]?.version}`);
  else expect(Number.parseFloat(process.versions.node)).toBeGreaterThanOrEqual(22.18);
});

describe("package.json", () => {
  test.for(Object.entries(pinned))("pins every version of its %s exactly", ([, versions]) => {
    expectExact(versions);
  });

  test.for(workspaces)("pins every version of the workspace %s exactly", (workspace) => {
    expectExact(z.object({ devDependencies: Versions }).parse(readJson(`${workspace}/package.json`)).devDependencies);
  });
});

function expectExact(versions: Record<string, string>): void {
  for (const [name, version] of Object.entries(versions)) expect(version, name).toMatch(/^\d+\.\d+\.\d+$/);
}

test("the lock file holds the integrity of every package", () => {
  const own = Object.keys(lock.packages).filter((path) => !lock.packages[path]?.integrity);
  expect(own).toEqual(["", "node_modules/generated-client", ...workspaces]);
});

test("host.json takes the /api prefix away, since every function spells its whole route", () => {
  expect(readJson("host.json")).toMatchObject({ extensions: { http: { routePrefix: "" } } });
});

test("host.json ends an invocation that hangs, and leaves out the host's own log lines of each request", () => {
  expect(readJson("host.json")).toMatchObject({
    functionTimeout: "00:05:00",
    logging: { logLevel: { default: "Warning", "Function.*.User": "Information", "Host.Results": "Information" } },
  });
});

test("CI installs the Debian packages that tests may need", () => {
  const packages = /^packages=\((.*)\)$/m.exec(readFileSync(".ci/run", "utf8"))?.[1]?.split(" ");
  expect(packages?.toSorted()).toEqual(Object.keys(DEBIAN_PATHS).toSorted());
});

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, "utf8"));
}
