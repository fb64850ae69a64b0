import { readdirSync, readFileSync, statSync } from "node:fs";
import { expect, test } from "vitest";

const DIR = "dist/app/console";
const BUDGET_BYTES = 300_000;

test.for([".gz", ".br"])("all of the page, sign-in with Entra ID included, is under 300 KB with %s", (ending) => {
  const files = readdirSync(DIR, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(ending));
  expect(files.filter((path) => path.includes(".js"))).toHaveLength(2);
  const bytes = files.reduce((sum, path) => sum + statSync(`${DIR}/${path}`).size, 0);
  expect(bytes).toBeLessThan(BUDGET_BYTES);
});

test("the page loads one script and one style sheet; sign-in with Entra ID is the only other script", () => {
  const html = readFileSync(`${DIR}/index.html`, "utf8");
  const assets = [...html.matchAll(/"\/console\/(assets\/[^"]+)"/g)].map(([, path]) =>
    path?.replace(/-[\w-]{8}\./, "."),
  );
  expect(assets.toSorted()).toEqual(["assets/icon.svg", "assets/index.css", "assets/index.js"]);
});
