import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Returns the content of a text file, or creates the file (mode 0600) with the result of `make` and returns that.
 * Without a path it returns the result of `make`.
 */
export async function readOrCreateFile(path: string | undefined, make: () => string): Promise<string> {
  const existing = path === undefined ? undefined : await readIfPresent(path);
  if (existing !== undefined) return existing;
  const content = make();
  if (path !== undefined) {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFile(path, content, { mode: 0o600 });
  }
  return content;
}

/** Reads a text file. Returns `undefined` when it does not exist. */
export async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
