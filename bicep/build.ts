import { cpSync, globSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { CACHE, findBicep, type Output, run, TEMPLATES } from "./cli.ts";

/** `npm run bicep`: lints every template, checks its format, and builds it with each parameters file. A warning is a failure. */
const bicep = findBicep();
if (!bicep) {
  console.error("There is no Bicep CLI: install the .NET SDK, or bicep, or run `az bicep install`.");
  process.exit(1);
}
console.log(run(bicep, "--version").stdout.trim());

const patterns = ["**/*.bicep", "*.bicepparam"];
const files = patterns.flatMap((pattern) => globSync(pattern, { cwd: TEMPLATES }));

for (const pattern of patterns) check(`lint ${pattern}`, run(bicep, "lint", "--pattern", pattern));

const formatted = join(CACHE, "formatted");
cpSync(TEMPLATES, formatted, { recursive: true });
for (const pattern of patterns) {
  check(`format ${pattern}`, run(bicep, "format", "--pattern", join(formatted, pattern)));
}
const unformatted = files.filter((file) => read(TEMPLATES, file) !== read(formatted, file));
rmSync(formatted, { recursive: true });
if (unformatted.length > 0) fail(`Run \`bicep format\` on ${unformatted.join(", ")}.`);

// Builds main.bicep as well, and checks that it takes the parameters.
for (const file of globSync("*.bicepparam", { cwd: TEMPLATES })) {
  check(`build ${file}`, run(bicep, "build-params", file, "--stdout"));
}
console.log(`${files.length} files: no warning.`);

function read(folder: string, file: string): string {
  return readFileSync(join(folder, file), "utf8");
}

/** Every diagnostic of the CLI goes to stderr, warnings among them. */
function check(step: string, { ok, stderr }: Output): void {
  if (!ok || stderr.trim() !== "") fail(`${step}: ${stderr.trim() || "failed."}`);
}

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}
