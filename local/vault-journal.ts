import { closeSync, existsSync, mkdirSync, openSync, readFileSync, truncateSync, writeSync } from "node:fs";
import { dirname } from "node:path";

/** Where a vault writes what it did, one JSON line a change. */
export interface Journal {
  append(entry: object): void;
  close(): void;
}

/** Replays every entry of the file through `apply`, oldest first, and opens it to append to. Without a path nothing is kept. */
export function openJournal<Entry extends object>(path: string | undefined, apply: (entry: Entry) => void): Journal {
  if (path === undefined) return { append: () => undefined, close: () => undefined };
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  if (existsSync(path)) {
    const text = readFileSync(path, "utf8");
    const end = text.lastIndexOf("\n") + 1;
    // A process killed in mid-write leaves half a line; the change it stood for was never confirmed.
    if (end < text.length) truncateSync(path, Buffer.byteLength(text.slice(0, end)));
    for (const line of text.slice(0, end).split("\n")) {
      if (line) apply(JSON.parse(line) as Entry);
    }
  }
  const file = openSync(path, "a", 0o600);
  // Synchronous, so that the order on disk is the order of the answers.
  return { append: (entry) => void writeSync(file, `${JSON.stringify(entry)}\n`), close: () => closeSync(file) };
}
