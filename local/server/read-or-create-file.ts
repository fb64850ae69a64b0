import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Returns what the file holds; when there is none, what `make` returns, and writes that into it for the next time (mode 0600).
 * Without a path nothing is kept.
 */
export async function keptFile(path: string | undefined, make: () => string): Promise<string> {
  const kept = path === undefined ? undefined : await readIfPresent(path);
  if (kept !== undefined) return kept;
  const content = make();
  if (path !== undefined) {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFile(path, content, { mode: 0o600 });
  }
  return content;
}

/** Reads a text file, or returns `undefined` where there is none. */
export async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
