import { readdir, readFile } from "node:fs/promises";
import { extname, join, relative, sep } from "node:path";

/** The content codings of a response, best first, with the file extension of each in the build. */
export const ENCODINGS = { br: ".br", gzip: ".gz" } as const;
/** The name of a content coding. */
export type Encoding = keyof typeof ENCODINGS;

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".md": "text/markdown; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** A file of the admin page, with its compressed forms. */
export interface ConsoleFile {
  mediaType: string;
  body: Uint8Array;
  compressed: Partial<Record<Encoding, Uint8Array>>;
}

/** Reads the built page into memory, by path below its folder. A request path is looked up there, so it cannot reach another file. */
export async function readConsoleFiles(dir: string): Promise<ReadonlyMap<string, ConsoleFile>> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const bodies = new Map<string, Uint8Array>();
  await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async ({ parentPath, name }) => {
        const path = join(parentPath, name);
        bodies.set(relative(dir, path).replaceAll(sep, "/"), await readFile(path));
      }),
  );

  const files = new Map<string, ConsoleFile>();
  for (const [path, body] of bodies) {
    const mediaType = MEDIA_TYPES[extname(path)];
    if (!mediaType) continue;
    const compressed: ConsoleFile["compressed"] = {};
    for (const [encoding, ending] of Object.entries(ENCODINGS) as [Encoding, string][]) {
      const bytes = bodies.get(path + ending);
      if (bytes) compressed[encoding] = bytes;
    }
    files.set(path, { mediaType, body, compressed });
  }
  return files;
}

/** Selects the best content coding that `Accept-Encoding` allows (RFC 9110 §12.5.3); `undefined` is the uncompressed file. */
export function chooseEncoding(file: ConsoleFile, acceptEncoding: string | null): Encoding | undefined {
  const accepted = (acceptEncoding ?? "").split(",").map((item) =>
    item
      .trim()
      .toLowerCase()
      .split(/\s*;\s*q=/),
  );
  const accepts = (name: string) => accepted.some(([coding, weight]) => coding === name && Number(weight ?? 1) > 0);
  return (Object.keys(ENCODINGS) as Encoding[]).find((encoding) => file.compressed[encoding] && accepts(encoding));
}
