import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

const GRAPH = "https://graph.microsoft.com/v1.0";
/** What Microsoft Graph says of an object that was made a moment ago and has not reached every replica. */
const NOT_THERE_YET = /ResourceNotFound|NoBackingApplicationObject/;
const TRIES = 6;
const PAUSE_MS = 5000;

/**
 * Runs `az` or `azd` and returns what it prints.
 *
 * @throws Error with what it prints when it fails.
 */
export function run(command: "az" | "azd", ...args: string[]): string {
  // On Windows az is a batch file, which only a shell starts. No argument of ours has a quote or a percent sign.
  const isWindows = process.platform === "win32";
  const { status, stdout, stderr, error } = spawnSync(command, isWindows ? args.map((arg) => `"${arg}"`) : args, {
    encoding: "utf8",
    shell: isWindows,
  });
  if (error) throw new Error(`${command} does not start: ${error.message}`);
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}\n${stderr.trim()}`);
  return stdout.trim();
}

/**
 * Sends a request to Microsoft Graph as the user of the Azure CLI and returns the JSON of the answer, `undefined` where it has none. An object
 * that is not found is asked for again: it may be a new one.
 *
 * @throws Error with the answer of Graph when it refuses.
 */
export async function graph(method: "GET" | "PATCH" | "POST", path: string, body?: object, ...headers: string[]) {
  // In a file, since shells quote JSON each in its own way.
  const folder = mkdtempSync(join(tmpdir(), "socmate-"));
  const file = join(folder, "body.json");
  writeFileSync(file, JSON.stringify(body ?? {}));
  const args = ["rest", "--method", method, "--url", `${GRAPH}/${path}`];
  if (headers.length > 0) args.push("--headers", ...headers);
  if (body) args.push("--body", `@${file}`);
  try {
    for (let tries = 1; ; tries++) {
      try {
        const answer = run("az", ...args);
        return answer === "" ? undefined : (JSON.parse(answer) as unknown);
      } catch (error) {
        if (tries === TRIES || !NOT_THERE_YET.test(String(error))) throw error;
        await setTimeout(PAUSE_MS);
      }
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Runs a hook. What it throws ends azd with that message. */
export async function runHook(hook: () => Promise<void>): Promise<void> {
  try {
    await hook();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
