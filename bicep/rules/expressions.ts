import { mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { CACHE, run } from "../cli.ts";
import { elementsOf, parseXml } from "../xml.ts";

const PROJECT = join(import.meta.dirname, "expressions", "expressions.csproj");
const USINGS = ["System", "System.Collections.Generic", "System.Linq", "System.Text", "Newtonsoft.Json.Linq"];

/** Whether there is a .NET SDK to compile with. */
export const hasDotnet = run("dotnet", "--version").ok;

/**
 * Compiles every C# expression of the policies, given by their paths. API Management itself checks little when a policy is saved, and fails
 * at the request (https://learn.microsoft.com/azure/api-management/api-management-policy-expressions).
 *
 * @returns one sentence for each error.
 */
export function compileExpressions(policies: ReadonlyMap<string, string>): string[] {
  const methods = [...policies].flatMap(([path, text]) => expressionsIn(path, text)).map(methodOf);
  const source = `${USINGS.map((name) => `using ${name};`).join("\n")}\nstatic class Expressions {\n${methods.join("\n")}\n}\n`;
  mkdirSync(CACHE, { recursive: true });
  const file = join(CACHE, "Expressions.cs");
  writeFileSync(file, source);
  const { ok, stdout } = run(
    "dotnet",
    ...[
      "build",
      PROJECT,
      "-nologo",
      "-v",
      "quiet",
      `-p:Expressions=${file}`,
      `-p:OutDir=${join(CACHE, "expressions")}/`,
    ],
    `-p:BaseIntermediateOutputPath=${join(CACHE, "expressions-obj")}/`,
  );
  const errors = [...stdout.matchAll(/^(?<place>.*?)\(\d+,\d+\): error (?<error>CS\d+: .*?)(?: \[.*)?$/gm)];
  const findings = errors.map(({ groups }) => `${groups?.place?.split("/").at(-1)}: ${groups?.error}`);
  return ok || findings.length > 0 ? [...new Set(findings)] : [stdout.trim()];
}

interface Expression {
  place: string;
  type: "bool" | "object";
  code: string;
}

function expressionsIn(path: string, xml: string): Expression[] {
  return elementsOf(parseXml(xml)).flatMap(({ name, attributes, text }) => {
    const values = [...Object.entries(attributes), ["", text.trim()] as const];
    return values
      .filter(([, value]) => value.includes("@(") || value.includes("@{"))
      .map(([attribute, code]) => ({
        // The compiler's messages begin with it, so it has no character that they are split by.
        place: [basename(path), name, attribute].join(" ").trim(),
        type: attribute === "condition" ? ("bool" as const) : ("object" as const),
        code,
      }));
  });
}

/** `@(…)` is one expression and `@{…}` a body. What stands around them is left in place, so that it does not compile. */
function methodOf({ place, type, code }: Expression, index: number): string {
  const isBody = code.startsWith("@{");
  const body = isBody ? code.slice(1) : `{ return ${code.replace(/^@/, "")}; }`;
  return `#line 1 "${place}"\nstatic ${type} E${index}(IContext context) ${body}`;
}
