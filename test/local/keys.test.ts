import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { close, listen } from "../../local/server/http-server.ts";

// Each run of the command is a process that loads the SDK, which takes time on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

let dir: string;
let url: string;
let started: ReturnType<typeof spawn>;

/** Starts a stack as `KEY_PUBLISH_LEAD_SECONDS=10 npm start` does after the build. */
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "socmate-keys-"));
  const server = createServer();
  const port = await listen(server);
  await close(server);
  url = `http://127.0.0.1:${port}`;
  const env = { ...process.env, PORT: String(port), LOCAL_DATA_DIR: dir, KEY_PUBLISH_LEAD_SECONDS: "10" };
  started = spawn(process.execPath, ["local/start.ts"], { env, stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  started.stdout?.on("data", (chunk) => (output += chunk));
  await vi.waitFor(() => expect(output).toContain("Ctrl-C stops everything"), { timeout: 50_000 });
});
afterAll(async () => {
  const ended = once(started, "close");
  started.kill("SIGTERM");
  await ended;
  await rm(dir, { recursive: true });
});

/** Runs `npm run keys -- …` on a folder, by default that of the stack. */
async function keys(args: string[] = [], folder = dir) {
  const env = { ...process.env, LOCAL_DATA_DIR: folder };
  const child = spawn(process.execPath, ["local/keys.ts", ...args], { env });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  return { stdout, stderr, exitCode: child.exitCode };
}

const KID = "[\\w-]{43}";
const TIME = "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ";
const table = (published: number, active: string, next: string) =>
  new RegExp(
    `^https://127\\.0\\.0\\.1:\\d+  reachable, ${published} published\n  active  ${active}\n  next    ${next}\n$`,
  );

/** Waits until `/health`, which is cached for ten seconds, names this key as active and this number of published keys. */
async function untilSignsWith(kid: string | undefined, published: number): Promise<void> {
  const vault = expect.objectContaining({ active: expect.objectContaining({ kid }), published });
  await expect
    .poll(async () => (await fetch(`${url}/health`)).json(), { timeout: 60_000, interval: 500 })
    .toMatchObject({ signing_vaults: [vault] });
}

describe("npm run keys", () => {
  test("shows the active signing key of the running stack", async () => {
    await expect(keys()).resolves.toEqual({
      stdout: expect.stringMatching(table(1, `${KID}  since ${TIME}`, "none")),
      stderr: "",
      exitCode: 0,
    });
  });

  test("publishes a rotated key before it signs, and returns to the old key when the new one is disabled", async () => {
    const old = /active {2}(\S+)/.exec((await keys()).stdout)?.[1];
    const { stdout } = await keys(["rotate"]);
    const [, made] = new RegExp(`^https://127\\.0\\.0\\.1:\\d+  (${KID})\n$`).exec(stdout) ?? [];
    expect(made).toBeDefined();
    expect((await keys()).stdout).toContain(made);
    await untilSignsWith(made, 2);
    expect((await keys()).stdout).toMatch(table(2, `${made}  since ${TIME}`, "none"));
    await expect(keys(["disable", made ?? ""])).resolves.toMatchObject({ exitCode: 0 });
    await untilSignsWith(old, 1);
    expect((await keys()).stdout).toMatch(table(1, `${old}  since ${TIME}`, "none"));
    const answer = await fetch(`${url}/.well-known/jwks.json`);
    expect(answer.headers.get("cache-control")).toBe("public, max-age=2");
    const { keys: published } = (await answer.json()) as {
      keys: { kid: string }[];
    };
    expect(published.map(({ kid }) => kid)).toEqual([old]);
  });

  test("sets an expiry and a beginning, shows them, and a vault without a key that signs [check 66]", async () => {
    const [, kid = ""] = /active {2}(\S+)/.exec((await keys()).stdout) ?? [];
    const { stdout } = await keys(["rotate"]);
    const made = stdout.trim().split(/ +/).at(-1) ?? "";
    await expect(keys(["begins", made, "2037-01-01T00:00:00Z"])).resolves.toMatchObject({
      stdout: expect.stringMatching(/^https:\/\/127\.0\.0\.1:\d+ {2}begins at 2037-01-01T00:00:00Z\n$/),
      stderr: "",
    });
    await keys(["expires", kid, "172900"]);
    const shown = `${kid}  since ${TIME}, expires ${TIME}, 2 days left`;
    await expect
      .poll(async () => (await keys()).stdout, { timeout: 60_000 })
      .toMatch(table(2, shown, `${made}  from 2037-01-01T00:00:00Z, in \\d+ s`));
    await keys(["expires", kid, "-60"]);
    await expect
      .poll(async () => (await keys()).stdout, { timeout: 60_000 })
      .toMatch(table(2, `none, the last one expired ${TIME}`, `${made}  .+`));
    await keys(["begins", made, "-60"]);
    await untilSignsWith(made, 2);
  });

  test("answers wrong arguments, an unknown kid and a missing stack with one sentence", async () => {
    const { stderr } = await keys(["spin"]);
    for (const args of [
      ["expires"],
      ["expires", "kid"],
      ["expires", "kid", "soon"],
      ["disable", "kid", "1"],
      ["rotate", "kid"],
    ]) {
      await expect(keys(args)).resolves.toMatchObject({ stderr, exitCode: 1 });
    }
    await expect(keys(["spin"])).resolves.toEqual({
      stdout: "",
      stderr: expect.stringMatching(
        /^Usage: npm run keys \[-- rotate \| disable <kid> \| expires <kid> <when> \| begins <kid> <when>\]; .+\n$/,
      ),
      exitCode: 1,
    });
    await expect(keys(["disable", "unknown"])).resolves.toMatchObject({
      stderr: "No signing vault has an enabled key with this kid.\n",
      exitCode: 1,
    });
    const empty = join(dir, "empty");
    await expect(keys([], empty)).resolves.toMatchObject({
      stderr: `Nothing runs on the folder ${empty}; start it with "npm start".\n`,
      exitCode: 1,
    });
  });
});
