import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { z } from "zod";

const manifest = z
  .object({ engines: z.object({ node: z.string() }), scripts: z.object({ postinstall: z.string() }) })
  .parse(JSON.parse(readFileSync("package.json", "utf8")));

/** Runs the check as on another version of Node, and returns its exit code and what it wrote. */
async function checkOn(version: string): Promise<{ code: number; stderr: string }> {
  const program = `
    Object.defineProperty(process.versions, "node", { value: "${version}" });
    require("./check-node.cjs");`;
  return promisify(execFile)(process.execPath, ["-e", program]).then(
    ({ stderr }) => ({ code: 0, stderr }),
    ({ code, stderr }) => ({ code, stderr }),
  );
}

test("npm runs the check after each install", () => {
  expect(manifest.scripts.postinstall).toBe("node check-node.cjs");
});

test.each(["22.18.0", "22.20.1", "23.0.0", "24.21.0", "26.1.0"])("accepts Node %s without a word", async (version) => {
  expect(await checkOn(version)).toEqual({ code: 0, stderr: "" });
});

test.each(["12.22.12", "20.20.2", "22.17.1", "8.9.0"])("ends with one sentence on Node %s", async (version) => {
  const { code, stderr } = await checkOn(version);
  const minimum = manifest.engines.node.replace(">=", "");
  expect(code).toBe(1);
  expect(stderr.trim().split("\n")).toEqual([expect.stringContaining(`needs Node ${minimum} or newer`)]);
  expect(stderr).toContain(`finds Node ${version}:`);
});
