import { join } from "node:path";
import { startFunctionsHost } from "../../local/host/functions-host.ts";
import { readHostJson } from "../../local/host/host-json.ts";

/** Starts this service as `npm start` does: the deployed bundle and the local Functions host in one process. */
export async function start(bundle = join(import.meta.dirname, "../../dist/app/functions.cjs")): Promise<string> {
  const log = (line: string) => void process.stdout.write(`${line}\n`);
  const host = await startFunctionsHost({
    bundle,
    hostJson: readHostJson(join(import.meta.dirname, "../../host.json")),
    settings: process.env,
    port: 0,
    log: (_level, line) => log(line),
  });
  return `${host.url}/oauth/token`;
}
