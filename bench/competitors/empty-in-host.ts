import { emptyFunction } from "../empty-function.ts";
import { start as startHost } from "./service-in-host.ts";

/** Starts an empty function in the local Functions host: the cost of the host itself. */
export async function start(): Promise<string> {
  return startHost(await emptyFunction());
}
