import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const documented = readFileSync("docs/operations.md", "utf8");
const code = globSync("{shared,functions}/**/*.ts")
  .map((path) => readFileSync(path, "utf8"))
  .join("\n");

/** Units, from which limits are made. */
const UNITS = ["MINUTE_MS", "HOUR_MS"];

const undocumented = (names: Iterable<string>) =>
  [...new Set(names)].filter((name) => !documented.includes(`\`${name}\``));

test("docs/operations.md has every time limit of the code", () => {
  const limits = [...code.matchAll(/const ([A-Z_]+_(?:MS|SECONDS)) =/g)].flatMap(([, name]) => name ?? []);
  expect(limits.length).toBeGreaterThan(20);
  expect(undocumented(limits.filter((name) => !UNITS.includes(name)))).toEqual([]);
});

test("docs/operations.md says what to do for every alarm of the code", () => {
  const alarms = [...code.matchAll(/\balarm\(\s*"(\w+)"/g)].flatMap(([, name]) => name ?? []);
  expect(alarms.length).toBeGreaterThan(8);
  expect(undocumented(alarms)).toEqual([]);
});
