import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** Builds `dist/app/` once before the tests. A bundle that does not build fails the tests that load it, not the others. */
export async function setup(): Promise<void> {
  await promisify(execFile)(process.execPath, ["build.ts"]).catch((error: unknown) => console.error(String(error)));
}
