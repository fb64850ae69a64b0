import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";

const SOURCE = `
  import { app } from "@azure/functions";
  const body = JSON.stringify({ access_token: "x".repeat(800), expires_in: 1800, token_type: "Bearer", scope: "search:read" });
  app.setup({ enableHttpStream: true });
  app.http("token", {
    methods: ["POST"],
    route: "oauth/token",
    handler: async () => ({ status: 200, headers: { "Content-Type": "application/json" }, body }),
  });`;

/** Bundles a function that answers with a constant body of a token's size. Returns the path of the bundle. */
export async function emptyFunction(): Promise<string> {
  const outfile = join(await mkdtemp(join(tmpdir(), "socmate-bench-")), "empty.cjs");
  await build({
    stdin: { contents: SOURCE, resolveDir: import.meta.dirname },
    outfile,
    bundle: true,
    platform: "node",
    format: "cjs",
    minify: true,
    external: ["@azure/functions-core"],
  });
  return outfile;
}
