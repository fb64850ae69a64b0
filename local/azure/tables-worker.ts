import { createRequire } from "node:module";
import { workerData } from "node:worker_threads";
import "./without-telemetry.ts";
import { serve } from "./azurite-worker.ts";
import type { TablesWorkerData } from "./tables.ts";

const require = createRequire(import.meta.url);
const { default: TableConfiguration } = require("azurite/dist/src/table/TableConfiguration.js");
const { default: TableServer } = require("azurite/dist/src/table/TableServer.js");

const SAVE_EVERY_MS = 1000;
const KEEP_ALIVE_SECONDS = 120;

const { certificate, path } = workerData as TablesWorkerData;
const configuration = new TableConfiguration(
  "127.0.0.1",
  0,
  KEEP_ALIVE_SECONDS,
  path ?? "",
  false, // debug log
  false, // access log
  undefined,
  undefined,
  false, // loose
  true, // skip the check of the API version
  "-", // certificate and key come from getCert, not from files
  "-",
  "",
  "basic", // OAuth
  false,
  path === undefined, // in memory
);
configuration.getCert = () => ({ cert: certificate.cert, key: certificate.key });

const server = new TableServer(configuration);
await server.start();
if (path !== undefined) {
  const database = server.metadataStore.db;
  database.autosaveDisable();
  database.autosaveInterval = SAVE_EVERY_MS;
  database.autosaveEnable();
}
serve(server);
