import { BoundedMap } from "../request/bounded-map.ts";
import type { Clock } from "../request/clock.ts";
import { backgroundContext } from "../request/context.ts";
import { USAGE_WRITE_INTERVAL_MS, USAGE_WRITE_TIMEOUT_MS } from "../request/time-limits.ts";
import type { UsageStore } from "./usage-store.ts";

const MAX_CLIENTS = 10_000;

/** Records the last use of each client. Best effort: it neither delays nor fails a token. */
export interface UsageRecorder {
  /** Records a use. The write follows the answer, at most once a minute per client. */
  record(clientId: string, at: Date): void;
  /** Writes all recorded uses and waits for the writes, for the shutdown of an instance. */
  flush(): Promise<void>;
}

/** Creates the recorder of a process. */
export function createUsageRecorder(usages: Pick<UsageStore, "recordUse">, clock: Clock): UsageRecorder {
  const writtenAt = new BoundedMap<number>(MAX_CLIENTS);
  /** Uses to be written after the answers of their requests. */
  const due = new Map<string, Date>();
  /** Uses within a minute of a write, kept for the flush. */
  const later = new Map<string, Date>();
  const writes = new Set<Promise<void>>();

  const write = (clientId: string, at: Date) => {
    const done = usages
      .recordUse(clientId, at, backgroundContext(clock, USAGE_WRITE_TIMEOUT_MS))
      .catch(() => void (later.has(clientId) || later.set(clientId, at)))
      .finally(() => writes.delete(done));
    writes.add(done);
  };
  const writeAll = (uses: Map<string, Date>) => {
    for (const [clientId, at] of uses) write(clientId, at);
    uses.clear();
  };

  return {
    record(clientId, at) {
      const time = at.getTime();
      if (time - (writtenAt.get(clientId) ?? Number.NEGATIVE_INFINITY) < USAGE_WRITE_INTERVAL_MS) {
        later.set(clientId, at);
        return;
      }
      writtenAt.set(clientId, time);
      later.delete(clientId);
      due.set(clientId, at);
      clock.after(0, () => writeAll(due));
    },

    async flush() {
      writeAll(new Map([...due, ...later]));
      due.clear();
      later.clear();
      await Promise.all(writes);
    },
  };
}
