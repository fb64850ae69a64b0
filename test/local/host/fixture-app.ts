import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, expect } from "vitest";
import { type Service, type ServiceOptions, startService } from "../../../local/host/service.ts";

/** Bundles the apps of `fixtures/` for a test file. `start` runs one of them in a Functions host. */
export async function bundleFixtures() {
  const dir = await mkdtemp(join(tmpdir(), "socmate-test-"));
  afterAll(() => rm(dir, { recursive: true }));
  await build({
    entryPoints: [
      fileURLToPath(new URL("fixtures/app.ts", import.meta.url)),
      fileURLToPath(new URL("fixtures/not-streaming-app.ts", import.meta.url)),
    ],
    outdir: dir,
    outExtension: { ".js": ".cjs" },
    bundle: true,
    platform: "node",
    format: "cjs",
    external: ["@azure/functions-core"],
  });
  const start = (options: ServiceOptions = {}, name = "app"): Promise<Service> =>
    startService({ settings: {}, port: 0 }, { bundle: join(dir, `${name}.cjs`), ...options });
  return { dir, start };
}

/** Waits until the host has logged a line that contains the text. */
export function logged(service: Service, text: string): Promise<void> {
  return expect.poll(() => service.lines).toContainEqual(expect.stringContaining(text));
}

/** Returns the head of a request with a `Host`. Its lines may be indented. */
export function head(text: string): string {
  return `${text.trim().replace(/\n */g, "\r\n")}\r\nHost: localhost\r\n`;
}
