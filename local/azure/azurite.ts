import { once } from "node:events";
import { Worker } from "node:worker_threads";

/** The account of Azurite. */
export const AZURITE_ACCOUNT = "devstoreaccount1";

/** A running service of Azurite. */
export interface Azurite {
  readonly port: number;
  close(): Promise<void>;
}

/** Starts a service of Azurite in a thread of its own, whose script ends with `serve` of azurite-worker.ts. */
export async function startAzurite(script: URL, workerData: unknown): Promise<Azurite> {
  const worker = new Worker(script, {
    workerData,
    execArgv: ["--no-warnings"],
    env: {}, // no AZURITE_ACCOUNTS
  });
  const [port] = await once(worker, "message");
  return {
    port,
    close: async () => {
      const exited = once(worker, "exit");
      worker.postMessage("close");
      await exited;
    },
  };
}
