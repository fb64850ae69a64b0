import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

const ROOT = join(import.meta.dirname, "..");
const PROJECT = join(ROOT, "test/verifiers/protect-api.csproj");
const SOURCES = [
  PROJECT,
  join(ROOT, "test/verifiers/packages.lock.json"),
  join(ROOT, "test/verifiers/TestClock.cs"),
  join(ROOT, "examples/protect-api.cs"),
];
const CACHE = join(ROOT, "node_modules/.cache/protect-api");
const SDK_MAJOR = 10;
/** No process may outlive the build, and nothing is reported to anybody. */
const QUIET = { MSBUILDDISABLENODEREUSE: "1", DOTNET_CLI_TELEMETRY_OPTOUT: "1", DOTNET_NOLOGO: "1" };
const BUILD = ["-c", "Release", "-v", "quiet", "--no-restore", "-p:UseSharedCompilation=false"];

/** The program of the ASP.NET Core API, or the reason in words why this machine has none. */
export type DotnetApi =
  | { readonly program: string; readonly missing?: undefined }
  | { readonly program?: undefined; readonly missing: string };

/** The ASP.NET Core API of `examples/protect-api.cs` in a process of its own. */
export interface RunningApi {
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * Builds the ASP.NET Core API of `test/verifiers/`, once for each state of its files and of the SDK. Packages come from NuGet, with the
 * versions and hashes of its lock file.
 *
 * @throws an error with the output of the compiler when it does not compile.
 */
export async function buildDotnetApi(): Promise<DotnetApi> {
  const sdk = await dotnet("--version");
  if (!sdk.ok || Number.parseInt(sdk.output, 10) < SDK_MAJOR) {
    return { missing: `the .NET SDK ${SDK_MAJOR} is not installed (https://dot.net)` };
  }
  const hash = createHash("sha256").update(sdk.output);
  for (const source of SOURCES) hash.update(await readFile(source));
  const artifacts = join(CACHE, hash.digest("hex").slice(0, 16));
  const api = { program: join(artifacts, "bin/protect-api/release/protect-api.dll") };
  if (existsSync(api.program)) return api;

  // Several processes may build at the same time: each in a folder of its own, and the first one's becomes the result.
  const own = `${artifacts}.${process.pid}`;
  await mkdir(own, { recursive: true });
  try {
    const restored = await dotnet("restore", PROJECT, "--artifacts-path", own);
    if (!restored.ok) return { missing: `the packages of test/verifiers cannot be restored: ${firstError(restored)}` };
    const built = await dotnet("build", PROJECT, "--artifacts-path", own, ...BUILD);
    if (!built.ok) throw new Error(`test/verifiers does not build:\n${built.output}`);
    await rename(own, artifacts).catch(() => undefined);
    return api;
  } finally {
    await rm(own, { recursive: true, force: true });
  }
}

/** Starts the API for tokens of an issuer. `env` has the variables of `test/verifiers/TestClock.cs`. */
export async function startDotnetApi(
  program: string,
  { issuer, audience, env = {} }: { issuer: string; audience: string; env?: Readonly<Record<string, string>> },
): Promise<RunningApi> {
  const settings = { TokenIssuer: issuer, TokenAudience: audience, ASPNETCORE_URLS: "http://127.0.0.1:0" };
  const logging = {
    Logging__LogLevel__Default: "Error",
    "Logging__LogLevel__Microsoft.Hosting.Lifetime": "Information",
  };
  const child = spawn("dotnet", [program], {
    env: { ...process.env, ...QUIET, ...settings, ...logging, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const lines = createInterface({ input: child.stdout });
  const url = await new Promise<string>((resolve, reject) => {
    lines.on("line", (line) => {
      const [, listening] = /Now listening on: (\S+)/.exec(line) ?? [];
      if (listening) resolve(listening);
    });
    child.on("error", reject);
    child.on("exit", (code) => reject(new Error(`The ASP.NET Core API ended with exit code ${code}.`)));
  });
  return {
    url,
    stop: async () => {
      child.kill();
      await exited;
    },
  };
}

async function dotnet(...args: string[]): Promise<{ ok: boolean; output: string }> {
  try {
    const { stdout } = await promisify(execFile)("dotnet", args, { env: { ...process.env, ...QUIET } });
    return { ok: true, output: stdout.trim() };
  } catch (error) {
    return { ok: false, output: error instanceof Error && "stdout" in error ? String(error.stdout) : String(error) };
  }
}

function firstError({ output }: { output: string }): string {
  return /error (.*)/.exec(output)?.[1] ?? output;
}
