import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const documented = readFileSync("docs/operations.md", "utf8");
const TIME_LIMITS = "shared/request/time-limits.ts";
const files = globSync("{shared,functions}/**/*.ts").map((path) => ({
  path: path.replaceAll("\\", "/"),
  text: readFileSync(path, "utf8"),
}));
const code = files.map(({ text }) => text).join("\n");

/** Units, from which limits are made. */
const UNITS = ["MINUTE_MS", "HOUR_MS", "DAY_MS"];

const undocumented = (names: Iterable<string>) =>
  [...new Set(names)].filter((name) => !documented.includes(`\`${name}\``));

const timeLimitsIn = (text: string) =>
  [...text.matchAll(/const ([A-Z_]+_(?:MS|SECONDS)) =/g)].flatMap(([, name]) => name ?? []);

test("every time limit outside of signing stands in time-limits.ts", () => {
  const elsewhere = files.filter(({ path }) => path !== TIME_LIMITS && !path.startsWith("shared/signing/"));
  expect(elsewhere.flatMap(({ text }) => timeLimitsIn(text))).toEqual([]);
});

test("docs/operations.md has every time limit of the code", () => {
  const limits = timeLimitsIn(code);
  expect(limits.length).toBeGreaterThan(20);
  expect(undocumented(limits.filter((name) => !UNITS.includes(name)))).toEqual([]);
});

test("docs/operations.md says what to do for every alarm of the code", () => {
  const alarms = [...code.matchAll(/\balarm\(\s*"(\w+)"/g)].flatMap(([, name]) => name ?? []);
  expect(alarms.length).toBeGreaterThan(8);
  expect(undocumented(alarms)).toEqual([]);
});
