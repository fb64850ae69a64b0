import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { bodyOf } from "./support/http.ts";
import { startTestService } from "./support/test-service.ts";

const { url, stack, admin } = await startTestService();

async function smoke(args: readonly string[], adminToken = stack.adminToken()) {
  const script = join(import.meta.dirname, "../smoke.ts");
  const child = spawn(process.execPath, [script, ...args], { env: { ...process.env, ADMIN_TOKEN: adminToken } });
  const [[code], stdout, stderr] = await Promise.all([once(child, "close"), text(child.stdout), text(child.stderr)]);
  return { code, stdout, stderr };
}

const clients = async () => bodyOf(await admin("GET")) as { clients: { status: string }[] };

test("the smoke test passes on a deployment that works, and leaves a disabled client", async () => {
  const { code, stdout, stderr } = await smoke(["--issuer", url, "--admin", url]);
  expect(stderr).toBe("");
  expect(stdout).toContain(`14 checks passed on ${url}`);
  expect(stdout).not.toContain("socmate_");
  expect(code).toBe(0);
  expect((await clients()).clients.map(({ status }) => status)).toEqual(["disabled"]);
}, 60_000);

test("it fails at the first promise that is broken", async () => {
  const { code, stdout } = await smoke(["--issuer", url, "--admin", url], "not-an-admin-token");
  expect(stdout.trim().split("\n").at(-1)).toBe("FAILED  an administrator creates a client and sees its secret");
  expect(code).toBe(1);
});

test("it fails on an issuer that is not what the metadata says", async () => {
  const other = url.replace("127.0.0.1", "localhost");
  const { code, stdout } = await smoke(["--issuer", other, "--admin", url]);
  expect(stdout).toMatch(/^FAILED {2}the metadata names/);
  expect(code).toBe(1);
});

test("it says how it is called", async () => {
  for (const args of [[], ["--issuer", url], ["--unknown"], ["extra"]]) {
    const { code, stdout, stderr } = await smoke(args);
    expect(stderr, args.join()).toContain("npm run smoke -- --issuer");
    expect([code, stdout]).toEqual([2, ""]);
  }
  const { code, stdout, stderr } = await smoke(["--help"]);
  expect(stdout).toContain("npm run smoke -- --issuer");
  expect([code, stderr]).toEqual([0, ""]);
});
