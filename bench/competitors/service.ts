import { join } from "node:path";
import { serveToken } from "../serve-token.ts";

/** Starts the token function of the deployed bundle on `node:http`. */
export async function start(): Promise<string> {
  return serveToken(join(import.meta.dirname, "../../dist/app/functions.cjs"));
}
