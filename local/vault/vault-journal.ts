import { closeSync, existsSync, mkdirSync, openSync, readFileSync, truncateSync, writeSync } from "node:fs";
import { dirname } from "node:path";

/** A file of changes, one line of JSON each. */
export interface Journal {
  append(change: object): void;
  close(): void;
}

/**
 * Replays every change of the file through `apply`, oldest first, and opens the file for appending.
 * Without a path the journal writes nothing.
 */
export function openJournal<Change extends object>(path: string | undefined, apply: (change: Change) => void): Journal {
  if (path === undefined) return { append: () => {}, close: () => {} };
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  if (existsSync(path)) {
    const text = readFileSync(path, "utf8");
    const end = text.lastIndexOf("\n") + 1;
    // A process that was killed during a write leaves half a line. Its change was never confirmed.
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
