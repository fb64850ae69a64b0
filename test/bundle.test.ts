import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const bundle = readFileSync(join(import.meta.dirname, "../dist/functions.cjs"), "utf8");

test("the bundle has no text of zod in other languages than English: `import * as z`, not `{ z }`, leaves out what is not used", () => {
  // Not `toContain`, whose failure would print the bundle.
  expect(bundle.includes("Invalid input")).toBe(true);
  expect(bundle.includes("Ongeldige invoer")).toBe(false);
});
