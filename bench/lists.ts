import { randomBytes } from "node:crypto";
import { startEmulators, startServer } from "./processes.ts";
import { connectRawAzure, type RawAzure } from "./raw-azure.ts";
import { type Figure, figureOf } from "./statistics.ts";

/** Cost of a list and of a search with a number of clients in the table. */
export interface ListFigures {
  clients: number;
  /** Milliseconds of the first page of the list, and of a search that matches one client in a hundred. */
  list: Figure;
  search: Figure;
  /** CPU time of one list in the server's process, milliseconds. */
  cpu: number;
  /** Resident megabytes of the server's process after ten lists. */
  memory: number;
}

const SIZES = [100, 1_000, 10_000];
const TIMES = 5;
const CONCURRENT_INSERTS = 32;

/** Measures list and search with a growing number of clients. */
export async function benchLists(): Promise<ListFigures[]> {
  const emulators = await startEmulators();
  const server = await startServer("service-in-host", emulators.settings);
  try {
    const azure = await connectRawAzure(emulators.settings);
    const results: ListFigures[] = [];
    let inserted = 0;
    for (const clients of SIZES) {
      await insertClients(azure, inserted, clients);
      inserted = clients;
      const ask = async (query: string, total: number) => {
        const sentAt = performance.now();
        const response = await fetch(new URL(`/api/admin/api-clients${query}`, server.url), {
          headers: { authorization: `Bearer ${emulators.adminToken}` },
        });
        const answer = (await response.json()) as { total: number };
        if (answer.total !== total) throw new Error(`The list has ${answer.total} clients of ${total}.`);
        return performance.now() - sentAt;
      };
      await ask("", clients);
      const before = await server.usage();
      const list: number[] = [];
      const search: number[] = [];
      for (let time = 0; time < TIMES; time++) {
        list.push(await ask("?limit=100", clients));
        search.push(await ask("?search=xsoar", clients / 100));
      }
      const after = await server.usage();
      const cpu = (after.cpuMicroseconds - before.cpuMicroseconds) / 1_000 / (2 * TIMES);
      const memory = Math.round(after.residentBytes / 1e6);
      results.push({ clients, list: figureOf(list), search: figureOf(search), cpu, memory });
    }
    return results;
  } finally {
    await Promise.all([server.stop(), emulators.stop()]);
  }
}

/** Writes rows directly: the service would take a minute for a thousand clients. */
async function insertClients({ insertRow }: RawAzure, from: number, to: number): Promise<void> {
  let next = from;
  const insertNext = async () => {
    for (let index = next++; index < to; index = next++) {
      const clientId = `socmate-bench-${String(index).padStart(6, "0")}`;
      await insertRow({
        PartitionKey: clientId,
        RowKey: "client",
        id: index.toString(16).padStart(24, "0"),
        name: index % 100 === 0 ? `XSOAR ${index}` : `Integration ${index}`,
        description: "A client of the benchmark",
        status: "active",
        scopes: "investigations:read incidents:read",
        created_by: "10ca1000-0000-4000-8000-00000000000a",
        created_at: "2026-03-27T00:00:00Z",
        secretName: `client-secret-${randomBytes(16).toString("hex")}`,
      });
      await insertRow({ PartitionKey: clientId, RowKey: "usage", last_used_at: "2026-03-27T10:30:00Z" });
    }
  };
  await Promise.all(Array.from({ length: CONCURRENT_INSERTS }, insertNext));
}
