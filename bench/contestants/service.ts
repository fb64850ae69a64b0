import { join } from "node:path";
import { serveToken } from "../serve-token.ts";

/** This service: the token function of the deployed bundle. */
export async function start(): Promise<string> {
  return serveToken(join(import.meta.dirname, "../../dist/functions.cjs"));
}
