import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const bundle = readFileSync(join(import.meta.dirname, "../dist/functions.cjs"), "utf8");

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
