import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";

const documents = globSync(["*.md", "{docs,examples,.github}/**/*.md"]);

/** The text of a document without its code, where nothing is a link. */
const proseOf = (path: string) => readFileSync(path, "utf8").replaceAll(/^```.*?^```$/gms, "");

/** The anchors that a document has, as GitHub makes them of its headings. */
function anchorsOf(path: string): string[] {
  return [...proseOf(path).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

test("there are documents to check", () => {
  expect(documents).toEqual(expect.arrayContaining(["README.md", join("docs", "design.md")]));
});

test.each(documents)("every relative link in %s leads to a file, and to a heading where it names one", (path) => {
  const targets = [...proseOf(path).matchAll(/\]\(([^)\s]+)\)|<img src="([^"]+)"/g)].map(
    ([, link, image]) => link ?? image ?? "",
  );
  const broken = targets.filter((target) => {
    if (/^[a-z]+:/.test(target)) return false;
    const [file = "", anchor] = target.split("#");
    const found = file === "" ? path : join(dirname(path), file);
    return !existsSync(found) || (anchor !== undefined && !anchorsOf(found).includes(anchor));
  });
  expect(broken).toEqual([]);
});
