import { closeSync, existsSync, mkdirSync, openSync, readFileSync, truncateSync, writeSync } from "node:fs";
import { dirname } from "node:path";

/** Where a vault writes what it did, one JSON line a change. */
export interface Journal {
  append(change: object): void;
  close(): void;
}

/**
 * Replays every change in the file through `apply`, oldest first, and opens the file to append to.
 * Without a path nothing is kept.
 */
export function openJournal<Change extends object>(path: string | undefined, apply: (change: Change) => void): Journal {
  if (path === undefined) return { append: () => {}, close: () => {} };
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  if (existsSync(path)) {
    const text = readFileSync(path, "utf8");
    const end = text.lastIndexOf("\n") + 1;
    // A process killed in mid-write leaves half a line; the change it stood for was never confirmed.
    if (end < text.length) truncateSync(path, Buffer.byteLength(text.slice(0, end)));
    for (const line of text.slice(0, end).split("\n")) {
      if (line) apply(JSON.parse(line));
    }
  }
  const file = openSync(path, "a", 0o600);
  return {
    // Synchronous, so that the order on disk is the order of the answers.
    append: (change) => {
      writeSync(file, `${JSON.stringify(change)}\n`);
    },
    close: () => closeSync(file),
  };
}
