import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { Worker } from "node:worker_threads";

// Azurite's account with its public key (Microsoft Learn, "Use the Azurite emulator").
const ACCOUNT = "devstoreaccount1";
const KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/** The data of the blob service's thread: the folder of the blobs. */
export interface BlobsWorkerData {
  readonly dir: string;
}

/** A running blob service. */
export interface Blobs {
  readonly url: string;
  /** Value of `AzureWebJobsStorage`. */
  readonly connectionString: string;
  close(): Promise<void>;
}

/** Starts Azurite's blob service, where Microsoft's Functions host stores its own state. The service never uses it. */
export async function startBlobs(dir: string): Promise<Blobs> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const workerData: BlobsWorkerData = { dir };
  const worker = new Worker(new URL("./blobs-worker.ts", import.meta.url), {
    workerData,
    execArgv: ["--no-warnings"],
    env: {}, // no AZURITE_ACCOUNTS
  });
  const [port] = await once(worker, "message");
  const url = `http://127.0.0.1:${port}/${ACCOUNT}`;
  return {
    url,
    connectionString: `DefaultEndpointsProtocol=http;AccountName=${ACCOUNT};AccountKey=${KEY};BlobEndpoint=${url};`,
    close: async () => {
      const exited = once(worker, "exit");
      worker.postMessage("close");
      await exited;
    },
  };
}
