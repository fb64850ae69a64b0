import { createWriteStream } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join, resolve } from "node:path";
import { close, listen } from "./http-server.ts";
import { announceStack, dataDir, findRunningStack, partsOf } from "./running-stack.ts";
import { startService } from "./service.ts";
import { type Stack, startStack } from "./stack.ts";
import { requestLine, styled } from "./terminal.ts";

// `npm start`: the stand-ins for Azure and the service, in one go, until Ctrl-C.

const TOKEN_REFRESH_MS = 30 * 60 * 1000;
const PARENT_CHECK_MS = 500;

const dir = dataDir();
/** What has to be undone, last first. */
const cleanups: (() => unknown)[] = [];
let stopping: Promise<never> | undefined;

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => void stop(0));
// npm passes a signal on to the shell between it and this process, and a shell that dies of it tells nobody.
const parent = process.ppid;
setInterval(() => process.ppid !== parent && void stop(0), PARENT_CHECK_MS).unref();

try {
  await start();
} catch (error) {
  // A part that a Ctrl-C ended while it started is not worth a word.
  if (!stopping) console.error(error instanceof Error ? error.message : error);
  await stop(1);
}

async function start(): Promise<void> {
  const started = performance.now();
  const port = portOf(process.env["PORT"]);
  await assertFree(port);
  const running = await findRunningStack(dir);
  if (running)
    throw new Error(
      `A stack already runs on ${dir} (${running.url}); stop it, or choose another folder with LOCAL_DATA_DIR.`,
    );

  const stack = await startStack({ dir, port });
  await undoLater(stack.close);
  const log = createWriteStream(join(dir, "service.log"), { flags: "a", mode: 0o600 });
  await undoLater(() => new Promise((resolve) => log.end(resolve)));
  let ready = false;
  const service = await startService(stack, {
    onLine: (line, stream) => {
      log.write(`${line}\n`);
      const request = requestLine(line);
      if (request) console.log(request);
      else if (stream === "stderr" || !ready) console.log(`  ${styled("yellow", line)}`);
    },
  });
  await undoLater(() => service.stop());
  void service.exited.then((code) => {
    if (stopping) return;
    console.error(
      `The service ended unexpectedly with exit code ${code}; its last lines are in ${join(dir, "service.log")}.`,
    );
    void stop(1);
  });
  await undoLater(await announceStack(dir, partsOf(stack)));
  await keepTokenFile(stack);
  ready = true;
  console.log(welcome(stack, service.url, performance.now() - started));
}

/** Registers what `stop` has to do; does it now when the stop came meanwhile. */
async function undoLater(cleanup: () => unknown): Promise<void> {
  cleanups.push(cleanup);
  await stopping;
}

function stop(exitCode: number): Promise<never> {
  stopping ??= (async () => {
    // A second Ctrl-C does not wait.
    process.on("SIGINT", () => process.exit(130));
    for (let cleanup = cleanups.pop(); cleanup; cleanup = cleanups.pop()) await cleanup();
    process.exit(exitCode);
  })();
  return stopping;
}

function portOf(text = "7071"): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65_535)
    throw new Error(`PORT is "${text}"; it must be a number from 1 to 65535.`);
  return port;
}

async function assertFree(port: number): Promise<void> {
  const server = createServer();
  try {
    await listen(server, port);
    await close(server);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EADDRINUSE")
      throw new Error(`Port ${port} is taken; stop what uses it, or choose another: PORT=${port + 1} npm start`);
    if (code === "EACCES")
      throw new Error(`Port ${port} is not allowed to this user; choose one above 1023: PORT=7071 npm start`);
    throw error;
  }
}

/** Keeps a file with a token that is always valid, for commands to paste. */
async function keepTokenFile(stack: Stack): Promise<void> {
  const write = () => writeFile(tokenFile(), stack.adminToken(), { mode: 0o600 });
  await write();
  await undoLater(() => rm(tokenFile(), { force: true }));
  setInterval(() => void write(), TOKEN_REFRESH_MS).unref();
}

function tokenFile(): string {
  return resolve(dir, "admin-token");
}

function welcome(stack: Stack, url: string, milliseconds: number): string {
  const parts = partsOf(stack);
  const row = (name: string, value: string) => `  ${styled("dim", name.padEnd(15))}${value}`;
  const heading = (text: string) => `  ${styled("bold", text)}`;
  return `
  ${styled(["bold", "green"], "SoCMate API clients")} ${styled("dim", `ready in ${(milliseconds / 1000).toFixed(1)} s`)}

${row("Service", styled("bold", url))}
${row("Table storage", parts.tablesUrl)}
${row("Key Vault", `${parts.secretsVaultUrl} (secrets), ${parts.signingVaultUrls} (signing key)`)}
${row("Identity", parts.identityEndpoint)}
${row("Admin issuer", stack.adminIssuer.issuer)}
${row("Data", `${dir} (clients survive a restart; delete it to start afresh), log in ${join(dir, "service.log")}`)}

${heading("An admin token")} ${styled("dim", "(for one hour; the next one: npm run --silent admin-token)")}

${stack.adminToken()}

${heading("Create a client")}

curl -X POST ${url}/api/admin/api-clients \\
  -H "Authorization: Bearer $(cat '${tokenFile()}')" \\
  -H "Content-Type: application/json" \\
  -d '{"name": "XSOAR Production", "description": "Automated investigation", "scopes": ["investigations:read", "incidents:read"]}'

${heading("Get a token")} ${styled("dim", "with the client_id and client_secret that it answers")}

curl -X POST ${url}/oauth/token -d grant_type=client_credentials -d client_id=… -d client_secret=…

  ${styled("dim", "Ctrl-C stops everything. One line for each request:")}
`;
}
