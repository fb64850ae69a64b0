import { cpSync, globSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { CACHE, findBicep, type Output, run, TEMPLATES } from "./cli.ts";
import { findings, RULES } from "./rules/all.ts";
import { compileExpressions, hasDotnet } from "./rules/expressions.ts";
import { openProject, policiesOf } from "./rules/project.ts";

/**
 * `npm run bicep`: lints every template, checks its format, builds it with each parameters file, and checks what they compile to, and the files
 * around them, by our own rules. A warning is a failure.
 */
const bicep = findBicep();
if (!bicep) {
  console.error("There is no Bicep CLI: install the .NET SDK, or bicep, or run `az bicep install`.");
  process.exit(1);
}
console.log(run(bicep, "--version").stdout.trim());

const patterns = ["**/*.bicep", "**/*.bicepparam"];
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
for (const file of globSync("**/*.bicepparam", { cwd: TEMPLATES })) {
  check(`build ${file}`, run(bicep, "build-params", file, "--stdout"));
}
console.log(`${files.length} files: no warning.`);

const project = openProject(bicep);
if (!hasDotnet && process.env.CI === "true")
  fail("CI needs the .NET SDK: it compiles the expressions of the policies.");
if (!hasDotnet) console.warn("The expressions of the policies are not compiled: there is no .NET SDK.");
const faults = [...findings(project), ...(hasDotnet ? compileExpressions(policiesOf(project)) : [])];
if (faults.length > 0) fail(faults.join("\n"));
console.log(`${RULES.length} rules: no finding.`);

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
