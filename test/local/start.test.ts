import { type ChildProcessWithoutNullStreams, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { startService } from "../../local/host/service.ts";

const START_MS = 60_000;
const created = z.object({ client_id: z.string(), client_secret: z.string() });
let dir: string;
let port: number;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "socmate test "));
  port = await freePort();
});
afterAll(() => rm(dir, { recursive: true }));

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  return typeof address === "object" && address ? address.port : 0;
}

/** Runs a script of `local/` and returns its output and exit code. */
async function runScript(script: string, env: Record<string, string>) {
  const child = spawn(process.execPath, [`local/${script}`], { env: { ...process.env, ...env } });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  return { stdout, stderr, exitCode: child.exitCode };
}

/** Starts the emulators and the service, as `npm start` does after the build, and waits until they are ready. */
async function start(...args: string[]) {
  const child = spawn(process.execPath, ["local/start.ts", ...args], {
    env: { ...process.env, PORT: String(port), LOCAL_DATA_DIR: dir },
  });
  const output = await outputOf(child, "Requests  one line each");
  return { child, output, url: `http://127.0.0.1:${port}` };
}

/** Collects the output of a process. Resolves when it contains the text. */
async function outputOf(child: ChildProcessWithoutNullStreams, expected: string): Promise<{ readonly text: string }> {
  const output = { text: "" };
  const collect = (chunk: Buffer) => {
    output.text += chunk.toString();
  };
  child.stdout.on("data", collect);
  child.stderr.on("data", collect);
  await expect.poll(() => output.text, { timeout: START_MS }).toContain(expected);
  return output;
}

async function end({ child }: { child: ReturnType<typeof spawn> }, signal: NodeJS.Signals): Promise<number | null> {
  const closed = once(child, "close");
  child.kill(signal);
  await closed;
  return child.exitCode;
}

/** Returns the command below a heading of the output. */
function commandAfter(output: string, heading: string): string {
  const [, after = ""] = output.split(heading);
  return /^curl.*?(?=\n\n)/ms.exec(after)?.[0] ?? "";
}

// These tests run in this order on one folder: each continues with the data of the one before.
describe("npm start", () => {
  const bash = async (command: string) => (await promisify(execFile)("bash", ["-c", command], { cwd: "/" })).stdout;
  let running: Awaited<ReturnType<typeof start>>;
  let tokenCommand: string;

  test("leads from nothing to a token by the commands that it prints", async () => {
    running = await start();
    const client = created.parse(JSON.parse(await bash(commandAfter(running.output.text, "1. Create a client"))));
    tokenCommand = commandAfter(running.output.text, "2. Get a token")
      .replace("client_id=...", `client_id=${client.client_id}`)
      .replace("client_secret=...", `client_secret=${client.client_secret}`);
    expect(JSON.parse(await bash(tokenCommand))).toMatchObject({ token_type: "Bearer", expires_in: 1800 });
    await expect.poll(() => running.output.text).toMatch(/ {2}200 POST {3}\/oauth\/token {2}\d+ ms\n/);
    expect(running.output.text).not.toContain("\u001b[");
  }, 120_000);

  test("has an example API that takes the token, and refuses it without the scope or altered", async () => {
    const tokenFor = async (parameters = "") => JSON.parse(await bash(tokenCommand + parameters)).access_token;
    const search = async (authorization?: string) => {
      const headers = { ...(authorization && { authorization }) };
      const response = await fetch(`${running.url}/api/v1/search?q=phishing`, { headers });
      return {
        status: response.status,
        challenge: response.headers.get("www-authenticate"),
        body: await response.json(),
      };
    };
    const token = await tokenFor();
    expect(commandAfter(running.output.text, "3. Use it")).toContain("/api/v1/search?q=phishing");
    expect(JSON.parse(await bash(commandAfter(running.output.text, "3. Use it").replace("...", token)))).toEqual({
      query: "phishing",
      client_id: expect.stringMatching(/^socmate-xsoar-production-/),
      results: [],
    });
    expect(await search(`Bearer ${await tokenFor(" -d scope=incidents:read")}`)).toMatchObject({
      status: 403,
      challenge: 'Bearer error="insufficient_scope", scope="search:read"',
    });
    const [head, , signature] = token.split(".");
    const altered = Buffer.from(JSON.stringify({ scope: "search:read" })).toString("base64url");
    expect(await search(`Bearer ${head}.${altered}.${signature}`)).toMatchObject({
      status: 401,
      challenge: 'Bearer error="invalid_token"',
    });
    expect(await search()).toMatchObject({ status: 401, challenge: "Bearer" });
  });

  test("has a page at / that names every address, each of which answers", async () => {
    const response = await fetch(running.url);
    const page = await response.text();
    expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
    const paths = [...page.matchAll(/href="([^"]+)"/g)].map(([, path]) => path ?? "");
    const statuses = await Promise.all(paths.map(async (path) => (await fetch(running.url + path)).status));
    expect(Object.fromEntries(paths.map((path, index) => [path, statuses[index]]))).toEqual({
      "/console/": 200,
      "/.well-known/oauth-authorization-server": 200,
      "/.well-known/jwks.json": 200,
      "/health": 200,
      "/api/v1/search?q=phishing": 401,
    });
    expect((await fetch(running.url, { method: "POST" })).status).toBe(405);
  });

  test("stops on Ctrl-C, and removes stack.json and the admin token", async () => {
    expect(await end(running, "SIGINT")).toBe(0);
    await expect(fetch(running.url)).rejects.toThrow();
    expect(await readdir(dir)).not.toContain("stack.json");
    expect(await readdir(dir)).not.toContain("admin-token");
  });

  test("issues tokens to the clients of before after a restart", async () => {
    running = await start();
    expect(JSON.parse(await bash(tokenCommand))).toMatchObject({ token_type: "Bearer" });
  }, 120_000);

  test("prints an admin token that the service accepts, and so does npm run admin-token", async () => {
    const list = async (token: string) => {
      const headers = { authorization: `Bearer ${token}` };
      return (await fetch(`${running.url}/api/admin/api-clients`, { headers })).status;
    };
    const [printed = ""] = /^ey\S+$/m.exec(running.output.text) ?? [];
    expect(await list(printed)).toBe(200);
    const { stdout, stderr, exitCode } = await runScript("admin-token.ts", { LOCAL_DATA_DIR: dir });
    expect([stdout, stderr, exitCode]).toEqual([expect.stringMatching(/^ey\S+\n$/), "", 0]);
    expect(await list(stdout.trim())).toBe(200);
  });

  test("prints the address and the required key of the Functions host, and does not log the key", async () => {
    const [, hostUrl = "", key = ""] =
      /Functions host +(\S+).*\n +x-functions-key: (\S+)/.exec(running.output.text) ?? [];
    const authorization = `Bearer ${await readFile(join(dir, "admin-token"), "utf8")}`;
    const list = async (headers: Record<string, string>) =>
      (await fetch(`${hostUrl}/api/admin/api-clients`, { headers: { authorization, ...headers } })).status;
    expect(await list({ "x-functions-key": key })).toBe(200);
    expect(await list({})).toBe(401);
    expect(await readFile(join(dir, "service.log"), "utf8")).not.toContain(key);
    const stackFile = join(dir, "stack.json");
    expect(JSON.parse(await readFile(stackFile, "utf8"))).toMatchObject({ hostUrl, hostKey: key });
    expect((await stat(stackFile)).mode & 0o077).toBe(0);
  });

  test("serves npm run sweep, which prints the log lines of the run", async () => {
    const { stdout, stderr, exitCode } = await runScript("sweep.ts", { LOCAL_DATA_DIR: dir });
    expect([stderr, exitCode]).toEqual(["", 0]);
    expect(JSON.parse(stdout)).toMatchObject({ event: "sweep", outcome: "success" });
  });

  test("refuses to start a second time on one folder", async () => {
    const again = await runScript("start.ts", { PORT: String(await freePort()), LOCAL_DATA_DIR: dir });
    expect(again).toEqual({
      stdout: "",
      stderr: `The folder ${dir} is in use by ${running.url}; choose another with LOCAL_DATA_DIR.\n`,
      exitCode: 1,
    });
  });

  test("ends the service when it is killed, and starts again on the same folder", async () => {
    await end(running, "SIGKILL");
    await vi.waitFor(() => expect(fetch(running.url)).rejects.toThrow(), 10_000);
    expect(await readdir(dir)).toContain("stack.json");
    expect(await runScript("admin-token.ts", { LOCAL_DATA_DIR: dir })).toMatchObject({ stdout: "", exitCode: 1 });
    running = await start();
    expect((await fetch(`${running.url}/health`)).status).toBe(200);
    expect(await end(running, "SIGTERM")).toBe(0);
  }, 120_000);

  test("ends without output on Ctrl-C during its start", async () => {
    const folder = join(dir, "interrupted");
    const env = { ...process.env, PORT: String(port), LOCAL_DATA_DIR: folder };
    const child = spawn(process.execPath, ["local/start.ts"], { env });
    const output = Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
    await vi.waitFor(async () => expect(await readdir(folder)).toContain("tables"), START_MS);
    child.kill("SIGINT");
    const [stdout, stderr] = await output;
    expect([stdout, stderr, child.exitCode]).toEqual(["", "", 0]);
    await expect(fetch(`http://127.0.0.1:${port}`)).rejects.toThrow();
  }, 120_000);

  test.each([
    ["7071x", 'PORT is "7071x"; it must be a number from 1 to 65535.\n'],
    ["0", 'PORT is "0"; it must be a number from 1 to 65535.\n'],
    ["65536", 'PORT is "65536"; it must be a number from 1 to 65535.\n'],
  ])("refuses the port %s in one sentence", async (wrong, sentence) => {
    const { stdout, stderr, exitCode } = await runScript("start.ts", { PORT: wrong, LOCAL_DATA_DIR: dir });
    expect([stdout, stderr, exitCode]).toEqual(["", sentence, 1]);
  });

  test("names the faults of its settings and ends with 1, without the word ready", async () => {
    const { stdout, stderr, exitCode } = await runScript("start.ts", {
      PORT: String(port),
      LOCAL_DATA_DIR: dir,
      TOKEN_LIFETIME_SECONDS: "soon",
    });
    expect(stderr).toMatch(/^Wrong settings:\nTOKEN_LIFETIME_SECONDS [^\n]+\n$/);
    expect([stdout.includes("ready"), exitCode]).toEqual([false, 1]);
  }, 120_000);

  test("refuses a folder that cannot be one in one sentence", async () => {
    const file = join(dir, "file");
    await writeFile(file, "");
    const { stdout, stderr, exitCode } = await runScript("start.ts", { PORT: String(port), LOCAL_DATA_DIR: file });
    const sentence = `The folder ${file} cannot be used (EEXIST); choose another with LOCAL_DATA_DIR.\n`;
    expect([stdout, stderr, exitCode]).toEqual(["", sentence, 1]);
  });

  test("refuses a port in use in one sentence, before it creates its folder", async () => {
    const unused = join(dir, "unused");
    const server = createServer().listen(port, "127.0.0.1");
    await once(server, "listening");
    const { stdout, stderr, exitCode } = await runScript("start.ts", { PORT: String(port), LOCAL_DATA_DIR: unused });
    server.close();
    expect([stdout, stderr, exitCode]).toEqual([
      "",
      `Port ${port} is taken; choose another, for example PORT=${port + 1}.\n`,
      1,
    ]);
    expect(await readdir(dir)).not.toContain("unused");
  });
});

describe("npm run sweep", () => {
  test("exits with 1 after a run that failed", async () => {
    const running = await start("--fault", "secret-list=forbid");
    const { stdout, exitCode } = await runScript("sweep.ts", { LOCAL_DATA_DIR: dir });
    expect(stdout).toContain('"event":"sweep"');
    expect(exitCode).toBe(1);
    expect(await end(running, "SIGINT")).toBe(0);
  }, 120_000);
});

describe("npm run stand-ins", () => {
  test("writes local.settings.json for another host, and keeps the other settings in it", async () => {
    const folder = await mkdtemp(join(tmpdir(), "socmate-test-"));
    const path = join(folder, "local.settings.json");
    await writeFile(path, '{"Values":{"MINE":"kept"},"Host":{"CORS":"*"}}');
    const child = spawn(process.execPath, [resolve("local/start.ts"), "--stand-ins"], {
      cwd: folder,
      env: { ...process.env, PORT: String(port), LOCAL_DATA_DIR: dir },
    });
    const output = await outputOf(child, "func start");
    const settings = z
      .object({ Values: z.record(z.string(), z.string()), Host: z.unknown(), IsEncrypted: z.boolean() })
      .parse(JSON.parse(await readFile(path, "utf8")));
    expect(output.text).toContain(settings.Values.SECRETS_VAULT_URL);
    expect(settings.Values).toMatchObject({ MINE: "kept", FUNCTIONS_WORKER_RUNTIME: "node" });
    expect(settings.Host).toEqual({ CORS: "*", LocalHttpPort: port });
    const [blobsUrl = ""] = /http:[^;]*/.exec(settings.Values.AzureWebJobsStorage ?? "") ?? [];
    expect(output.text).toContain(blobsUrl);
    expect(settings.Values.AzureWebJobsStorage).toMatch(/AccountName=devstoreaccount1;AccountKey=[^;]+;BlobEndpoint=/);
    expect((await fetch(`${blobsUrl}/?comp=list`)).headers.get("server")).toMatch(/^Azurite-Blob/);
    const service = await startService({ settings: settings.Values, port });
    expect((await fetch(`${service.url}/health`)).status).toBe(200);
    await service.stop();
    expect(await end({ child }, "SIGINT")).toBe(0);
    await rm(folder, { recursive: true });
  }, 120_000);
});

describe("npm run admin-token", () => {
  test("reports in one sentence that no stack runs on the folder", async () => {
    const nowhere = join(dir, "nowhere");
    const { stdout, stderr, exitCode } = await runScript("admin-token.ts", { LOCAL_DATA_DIR: nowhere });
    expect([stdout, stderr, exitCode]).toEqual([
      "",
      `Nothing runs on the folder ${nowhere}; start it with "npm start".\n`,
      1,
    ]);
  });
});
