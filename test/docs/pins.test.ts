import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { z } from "zod";

const versions = z.record(z.string(), z.string());
const manifest = z
  .object({
    dependencies: versions,
    devDependencies: versions,
    optionalDependencies: versions,
    overrides: versions,
  })
  .parse(JSON.parse(readFileSync("package.json", "utf8")));
const [, section = ""] = readFileSync("CONTRIBUTING.md", "utf8").split("## Pins and overrides");
const explained = Object.fromEntries(
  [...section.matchAll(/^\| `([^`]+)` \| ([\d.]+) \|/gm)].map(([, name = "", version = ""]) => [name, version]),
);

test("CONTRIBUTING.md gives a reason for every override and for each optional package", () => {
  expect(explained).toMatchObject({ ...manifest.overrides, ...manifest.optionalDependencies });
});

test("CONTRIBUTING.md explains the versions that package.json pins", () => {
  expect(Object.keys(explained).length).toBeGreaterThan(10);
  expect(Object.assign({}, ...Object.values(manifest))).toMatchObject(explained);
});
