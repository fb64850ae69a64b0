import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

test("docs/errors.md has a section for each error code of the token endpoint, whose anchor is the code", () => {
  const [, codes = ""] = /const STATUS = \{\n(.*?)\}/s.exec(readFileSync("shared/http/oauth-error.ts", "utf8")) ?? [];
  const sections = [...readFileSync("docs/errors.md", "utf8").matchAll(/^## (.*)$/gm)].map(([, heading]) => heading);
  expect(sections.toSorted()).toEqual([...codes.matchAll(/\w+(?=:)/g)].map(([code]) => code).toSorted());
});
