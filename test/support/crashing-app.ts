import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { onTestFinished } from "vitest";

/** Builds the app whose endpoints throw their input as an error. Returns the path of its bundle, which is removed after the test. */
export async function buildCrashingApp(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "socmate-crash-"));
  onTestFinished(() => rm(dir, { recursive: true }));
  const outfile = join(dir, "app.cjs");
  const entryPoints = [fileURLToPath(new URL("../fixtures/crashing-app.ts", import.meta.url))];
  await build({ entryPoints, outfile, bundle: true, platform: "node", external: ["@azure/functions-core"] });
  return outfile;
}
