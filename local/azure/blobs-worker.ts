import { createRequire } from "node:module";
import { join } from "node:path";
import { workerData } from "node:worker_threads";
import "./without-telemetry.ts";
import { serve } from "./azurite-worker.ts";
import type { BlobsWorkerData } from "./blobs.ts";

const require = createRequire(import.meta.url);
const { default: BlobConfiguration } = require("azurite/dist/src/blob/BlobConfiguration.js");
const { default: BlobServer } = require("azurite/dist/src/blob/BlobServer.js");

const KEEP_ALIVE_SECONDS = 120;

const { dir } = workerData as BlobsWorkerData;
const configuration = new BlobConfiguration(
  "127.0.0.1",
  0,
  KEEP_ALIVE_SECONDS,
  join(dir, "blobs.json"),
  join(dir, "extents.json"),
  [{ locationId: "Default", locationPath: join(dir, "extents"), maxConcurrency: 10 }],
  false, // access log
  undefined,
  false, // debug log
  undefined,
  false, // loose
  true, // skip the check of the API version
);
const server = new BlobServer(configuration);
await server.start();
serve(server);
