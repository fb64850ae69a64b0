import { backgroundCall } from "../request/call.ts";
import type { ClientStore } from "./client-store.ts";

const INTERVAL_MS = 60_000;
const WRITE_TIMEOUT_MS = 2_000;
const MAX_CLIENTS = 10_000;

/** Remembers when clients got tokens, and writes it now and then. Best effort: it never delays or fails a token. */
export interface UsageRecorder {
  /** Notes a use; at most once a minute per client it is written, after the answer. */
  record(clientId: string, at: Date): void;
  /** Writes what is noted and waits for all writes, as an instance that goes down must. */
  flush(): Promise<void>;
}

/** Makes the process's recorder. */
export function createUsageRecorder(clients: Pick<ClientStore, "recordUse">): UsageRecorder {
  const writtenAt = new Map<string, number>();
  const unwritten = new Map<string, Date>();
  const writes = new Set<Promise<void>>();

  const write = (clientId: string, at: Date) => {
    const done = clients
      .recordUse(clientId, at, backgroundCall(WRITE_TIMEOUT_MS))
      // Kept for the flush, unless there was another use meanwhile.
      .catch(() => void (unwritten.has(clientId) || unwritten.set(clientId, at)))
      .finally(() => writes.delete(done));
    writes.add(done);
  };

  return {
    record(clientId, at) {
      const time = at.getTime();
      if (time - (writtenAt.get(clientId) ?? Number.NEGATIVE_INFINITY) < INTERVAL_MS) {
        unwritten.set(clientId, at);
        return;
      }
      if (writtenAt.size >= MAX_CLIENTS) writtenAt.clear();
      writtenAt.set(clientId, time);
      unwritten.delete(clientId);
      // The answer goes first.
      setImmediate(write, clientId, at);
    },

    async flush() {
      await new Promise(setImmediate);
      for (const [clientId, at] of unwritten) write(clientId, at);
      unwritten.clear();
      await Promise.all(writes);
    },
  };
}
