import { emptyFunction } from "../empty-function.ts";
import { start as startHost } from "./service-in-host.ts";

/** What the local Functions host costs by itself. */
export async function start(): Promise<string> {
  return startHost(await emptyFunction());
}
