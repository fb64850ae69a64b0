import { execFile, spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { decodeJwt } from "jose";
import { describe, expect, onTestFinished, type TestOptions, test } from "vitest";
import { recipesFor } from "../../console/secret/recipes.ts";
import { needs, skippedFor } from "../debian.ts";
import { startScriptedTokenEndpoint } from "../support/scripted-token-endpoint.ts";
import { startTestService } from "../support/test-service.ts";

const { url, createClient } = await startTestService();
const { clientId, clientSecret } = await createClient();
const tokenEndpoint = `${url}/oauth/token`;
const recipes = recipesFor({ clientId, clientSecret, tokenEndpoint, apiUrl: "https://api.socmate.example" });

function firstStep(platform: string, from = recipes) {
  const step = from.find((other) => other.platform === platform)?.steps[0];
  if (!step) throw new Error(`There is no recipe for ${platform}.`);
  return { fields: step.fields ?? [], code: step.code?.text ?? "" };
}

test("every platform that the page knows gets the real values", () => {
  expect(recipes.map(({ platform }) => platform)).toEqual([
    ...["curl", "Python", "PowerShell", "C#", "Java", "Node.js", "Go"],
    ...["XSOAR", "Splunk SOAR", "Sentinel", "n8n", "Tines", "Shuffle"],
  ]);
  for (const { platform, steps } of recipes) {
    const text = steps
      .map(({ code, fields = [] }) => [code?.text, ...fields.map(([, value]) => value)].join("\n"))
      .join();
    for (const value of [clientId, clientSecret, tokenEndpoint]) expect(text, platform).toContain(value);
  }
});

/** The program that runs the code of a platform, and the file that it is in. */
const RUNTIMES = {
  curl: { command: ["/bin/sh"], file: "token.sh", options: needs("curl") },
  Python: { command: ["/usr/bin/python3"], file: "socmate_token.py", options: needs("python3-httpx") },
  PowerShell: {
    command: ["pwsh", "-NoProfile", "-File"],
    file: "token.ps1",
    options: needsCommand("pwsh", "--version"),
  },
  "C#": { command: ["dotnet", "run"], file: "token.cs", options: needsFileBasedApps() },
  Java: { command: ["java"], file: "Tokens.java", options: needsCommand("javac", "--version") },
  "Node.js": { command: [process.execPath], file: "token.cjs", options: {} },
  Go: { command: ["go", "run"], file: "token.go", options: needsCommand("go", "version") },
} as const;
const PLATFORMS = Object.keys(RUNTIMES) as (keyof typeof RUNTIMES)[];

/** Options for a language that nothing else of the project needs: its test may be skipped in CI as well. */
function needsCommand(command: string, version: string): TestOptions {
  const missing = spawnSync(command, [version]).error !== undefined;
  return skippedFor(missing ? `${command} is not installed` : undefined, true);
}

/** `dotnet run token.cs` came with the .NET SDK 10. */
function needsFileBasedApps(): TestOptions {
  const { stdout } = spawnSync("dotnet", ["--version"], { encoding: "utf8" });
  return skippedFor(Number.parseInt(stdout ?? "", 10) >= 10 ? undefined : "the .NET SDK 10 is not installed");
}

/** Runs the code for a platform against a token endpoint, and returns what a person sees in the terminal. */
async function run(platform: keyof typeof RUNTIMES, url = tokenEndpoint): Promise<string> {
  const { command, file } = RUNTIMES[platform];
  const dir = await mkdtemp(join(tmpdir(), "recipe-"));
  onTestFinished(() => rm(dir, { recursive: true }));
  const connection = { clientId, clientSecret, tokenEndpoint: url, apiUrl: "https://api.socmate.example" };
  await writeFile(join(dir, file), firstStep(platform, recipesFor(connection)).code);
  const [program, ...args] = command;
  const env = { ...process.env, DOTNET_CLI_TELEMETRY_OPTOUT: "1", DOTNET_NOLOGO: "1", NO_COLOR: "1" };
  return promisify(execFile)(program, [...args, join(dir, file)], { cwd: dir, env }).then(
    ({ stdout }) => stdout,
    // PowerShell breaks the lines of an error, with a bar before each.
    ({ stdout, stderr }: { stdout: string; stderr: string }) => (stdout + stderr).replace(/\n +\| /g, " "),
  );
}

describe.each(PLATFORMS)("the code for %s", (platform) => {
  // A compiler takes its time on a busy machine.
  const options = { timeout: 120_000, ...RUNTIMES[platform].options };

  test("gets a token, pasted as it is", options, async () => {
    const [token = ""] = /ey[\w-]+\.[\w-]+\.[\w-]+/.exec(await run(platform)) ?? [];
    expect(decodeJwt(token)).toMatchObject({ sub: clientId });
  });

  test("waits as long as Retry-After says, and then prints a token", options, async () => {
    const { url, pausesMs } = await startScriptedTokenEndpoint("busy", "token");
    expect(await run(platform, url)).toContain("a-token");
    expect(pausesMs).toEqual([expect.toSatisfy((pause: number) => pause >= 990)]);
  });

  test("prints error_description when it is refused, and does not try again", options, async () => {
    const { url, pausesMs } = await startScriptedTokenEndpoint("refused");
    expect(await run(platform, url)).toContain("client_secret is not complete.");
    expect(pausesMs).toEqual([]);
  });

  test("prints error_description when the service stays busy", options, async () => {
    const { url, pausesMs } = await startScriptedTokenEndpoint("busy");
    expect(await run(platform, url)).toContain("The service cannot answer right now.");
    expect(pausesMs.length).toBeGreaterThan(1);
  });
});

describe("pasted as it is", () => {
  test("the settings for Sentinel are JSON with what its OAuth2 authentication asks for", () => {
    expect(JSON.parse(`{${firstStep("Sentinel").code}}`)).toEqual({
      auth: {
        type: "OAuth2",
        GrantType: "client_credentials",
        TokenEndpoint: tokenEndpoint,
        TokenEndpointHeaders: { "Content-Type": "application/x-www-form-urlencoded" },
        ClientId: clientId,
        ClientSecret: clientSecret,
      },
    });
  });

  test("the fields for Splunk SOAR have the names of its HTTP app", () => {
    expect(Object.fromEntries(firstStep("Splunk SOAR").fields)).toEqual({
      base_url: "https://api.socmate.example",
      oauth_token_url: tokenEndpoint,
      client_id: clientId,
      client_secret: clientSecret,
    });
  });
});
