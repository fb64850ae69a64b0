import { join } from "node:path";
import { startFunctionsHost } from "../../local/functions-host.ts";

/** This service as `npm start` runs it: the deployed bundle in the local Functions host, in one process with it. */
export async function start(bundle = join(import.meta.dirname, "../../dist/functions.cjs")): Promise<string> {
  const log = (line: string) => void process.stdout.write(`${line}\n`);
  const host = await startFunctionsHost({
    bundle,
    routePrefix: "",
    settings: process.env,
    port: 0,
    log: (_level, line) => log(line),
  });
  return `${host.url}/oauth/token`;
}
