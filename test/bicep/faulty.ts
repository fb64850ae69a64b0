import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CACHE, TEMPLATES } from "../../bicep/cli.ts";
import type { Project } from "../../bicep/rules/project.ts";

/** A change of a file of the templates: its path in `bicep/`, a text that is there, and the text in its place, everywhere. */
export type Edit = readonly [file: string, from: string, to: string];

/** A copy of the templates with faults in them, in a root of its own. */
export interface Copy extends Disposable {
  readonly root: string;
}

/**
 * Copies the templates and edits the copy.
 *
 * @throws Error where a text to be replaced is not there.
 */
export function copyWith(edits: readonly Edit[]): Copy {
  mkdirSync(CACHE, { recursive: true });
  const root = mkdtempSync(join(CACHE, "faulty-"));
  cpSync(TEMPLATES, join(root, "bicep"), { recursive: true });
  cpSync(join(TEMPLATES, "..", "openapi.json"), join(root, "openapi.json"));
  // Faults of style are not what is looked for.
  rmSync(join(root, "bicep", "bicepconfig.json"));
  for (const [file, from, to] of edits) {
    const path = join(root, "bicep", file);
    const parts = readFileSync(path, "utf8").split(from);
    if (parts.length < 2) throw new Error(`${file} does not have "${from}".`);
    writeFileSync(path, parts.join(to));
  }
  return { root, [Symbol.dispose]: () => rmSync(root, { recursive: true }) };
}

/** A project of files alone. */
export function projectOf(files: Record<string, string>, parameters: string[] = []): Project {
  const none = () => {
    throw new Error("Nothing is compiled here.");
  };
  return {
    names: [],
    deployment: none,
    modules: none,
    parameters: () => parameters,
    files: new Map(Object.entries(files)),
  };
}
