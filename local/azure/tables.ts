import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { join } from "node:path";
import { AZURITE_ACCOUNT, startAzurite } from "./azurite.ts";
import type { Certificate } from "./certificate.ts";
import type { Identity } from "./identity.ts";

const TABLES = ["apiclients", "apiclientusage"];

/** The data of the table service's thread: its certificate, and the file of the tables, unless they are in memory. */
export interface TablesWorkerData {
  readonly certificate: Certificate;
  readonly path: string | undefined;
}

/** A running table service. */
export interface Tables {
  /** Value of `TABLES_URL`. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Starts Azurite's table service with the tables of the service, on disk with `dir`, else in memory. It runs in a thread of its own:
 * the rest of the stack starts while Azurite loads, and its work does not delay the vaults.
 */
export async function startTables(options: {
  certificate: Certificate;
  identity: Identity;
  dir?: string | undefined;
}): Promise<Tables> {
  const { certificate, identity, dir } = options;
  if (dir !== undefined) await mkdir(dir, { recursive: true, mode: 0o700 });
  const workerData: TablesWorkerData = { certificate, path: dir && join(dir, "tables.json") };
  const { port, close } = await startAzurite(new URL("./tables-worker.ts", import.meta.url), workerData);
  const url = `https://127.0.0.1:${port}/${AZURITE_ACCOUNT}`;
  const token = identity.token("https://storage.azure.com");
  await Promise.all(TABLES.map((table) => createTable({ table, url, certificate, token })));
  return {
    url,
    close,
  };
}

interface NewTable {
  readonly table: string;
  readonly url: string;
  readonly certificate: Certificate;
  readonly token: string;
}

/** Creates the table unless it exists. Without the SDK, which would add 300 ms to the start. */
async function createTable({ table, url, certificate, token }: NewTable): Promise<void> {
  const creation = request(`${url}/Tables`, {
    method: "POST",
    ca: certificate.cert,
    headers: {
      authorization: `Bearer ${token}`,
      accept: "application/json;odata=nometadata",
      "content-type": "application/json",
      "x-ms-version": "2019-02-02",
    },
  });
  creation.end(JSON.stringify({ TableName: table }));
  const [response]: IncomingMessage[] = await once(creation, "response");
  response?.resume();
  if (response?.statusCode !== 201 && response?.statusCode !== 409) {
    throw new Error(`Azurite answered ${response?.statusCode} to the creation of the table ${table}.`);
  }
}
