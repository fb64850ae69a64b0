import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

/** Returns what the file holds, and writes what `make` returns into it (mode 0600) when it does not exist yet. Without a path nothing is kept. */
export async function keptFile(path: string | undefined, make: () => string | Promise<string>): Promise<string> {
  if (path === undefined) return make();
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  const content = await make();
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFile(path, content, { mode: 0o600 });
  return content;
}
