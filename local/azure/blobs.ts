import { mkdir } from "node:fs/promises";
import { AZURITE_ACCOUNT, startAzurite } from "./azurite.ts";

// The public key of Azurite's account (Microsoft Learn, "Use the Azurite emulator").
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
  const { port, close } = await startAzurite(new URL("./blobs-worker.ts", import.meta.url), workerData);
  const url = `http://127.0.0.1:${port}/${AZURITE_ACCOUNT}`;
  return {
    url,
    connectionString: `DefaultEndpointsProtocol=http;AccountName=${AZURITE_ACCOUNT};AccountKey=${KEY};BlobEndpoint=${url};`,
    close,
  };
}
