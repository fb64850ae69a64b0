import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const rows = [...readFileSync("docs/requirements.md", "utf8").matchAll(/^\| (\d+b?) \| (\*\*Planned\.\*\*)?/gm)];
const numbers = rows.map(([, number = ""]) => number);
const built = rows.flatMap(([, number = "", planned]) => (planned ? [] : number));

const tested = new Set(
  globSync("test/**/*.test.ts")
    .filter((path) => !path.includes("requirements"))
    .flatMap((path) => [...readFileSync(path, "utf8").matchAll(/\[check (\d+b?)\]/g)])
    .map(([, number = ""]) => number),
);

test("docs/requirements.md numbers its requirements from 1 to 84", () => {
  const expected = Array.from({ length: 84 }, (_, index) => String(index + 1));
  expect(numbers.filter((number) => number !== "81b")).toEqual(expected);
});

test("a requirement is marked as planned until a test title names it, and not any longer", () => {
  expect(built.toSorted()).toEqual([...tested].toSorted());
});
