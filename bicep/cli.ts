import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, join, relative, resolve } from "node:path";

/** The folder of the templates. */
export const TEMPLATES = import.meta.dirname;

const PROJECT = join(TEMPLATES, "cli.csproj");
/** Where the CLI and what it writes are kept. */
export const CACHE = resolve(TEMPLATES, "../node_modules/.cache/bicep");
/** A subscription and a tenant that are not there: nothing is deployed. */
export const SUBSCRIPTION = "11111111-1111-1111-1111-111111111111";
const TENANT = "22222222-2222-2222-2222-222222222222";

/** What `azd env set` has to say before main.bicepparam compiles: these values are for the checks alone. */
const AZD_ENVIRONMENT = {
  AZURE_ENV_NAME: "azd",
  OPERATORS_EMAIL: "operators@yourcompany.com",
  ADMIN_APPLICATION_ID: "44444444-4444-4444-4444-444444444444",
  CONSOLE_APPLICATION_ID: "55555555-5555-5555-5555-555555555555",
};

/** What a run of the CLI printed, diagnostics included. */
export interface Output {
  ok: boolean;
  stdout: string;
  stderr: string;
}

/** One resource as a deployment would send it; what only Azure knows stays an expression in brackets. */
export interface Resource {
  id: string;
  type: string;
  name: string;
  properties?: Record<string, unknown>;
  [member: string]: unknown;
}

/** What a deployment with a parameters file would send, all modules expanded. */
export interface Snapshot {
  predictedResources: Resource[];
  diagnostics: unknown[];
  outputs: Record<string, unknown>;
}

/** Finds the Bicep CLI: the pinned one from NuGet where there is a .NET SDK for it, else `bicep` on the PATH, else the one that `az bicep install` put down. */
export function findBicep(): string | undefined {
  return [restoreBicep, () => "bicep", () => join(homedir(), ".azure", "bin", "bicep")]
    .map((candidate) => candidate())
    .find((command) => command !== undefined && run(command, "--version").ok);
}

/** Runs a command to its end. */
export function run(command: string, ...args: string[]): Output {
  return runWith({}, command, ...args);
}

function runWith(variables: Record<string, string>, command: string, ...args: string[]): Output {
  const env = { ...AZD_ENVIRONMENT, ...process.env, ...variables };
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: TEMPLATES, env, encoding: "utf8" });
  return { ok: status === 0, stdout: stdout ?? "", stderr: stderr ?? "" };
}

/**
 * Computes what a deployment with a parameters file would send, with the variables of an azd environment and in a subscription.
 *
 * @throws Error with the diagnostics of the CLI.
 */
export function takeSnapshot(
  bicep: string,
  parametersFile: string,
  variables: Record<string, string> = {},
  subscription = SUBSCRIPTION,
): Snapshot {
  const source = readFileSync(parametersFile, "utf8");
  const [, using = ""] = /^using '(.*)'$/m.exec(source) ?? [];
  mkdirSync(CACHE, { recursive: true });
  // The CLI writes beside its input, so it gets a copy in a folder of its own.
  const folder = mkdtempSync(join(CACHE, "snapshot-"));
  try {
    const copy = join(folder, basename(parametersFile));
    const main = relative(folder, join(dirname(parametersFile), using));
    writeFileSync(copy, source.replace(`using '${using}'`, `using '${main}'`));
    const { ok, stderr } = runWith(
      variables,
      bicep,
      ...["snapshot", copy, "--mode", "overwrite", "--location", "westeurope", "--deployment-name", "socmate"],
      ...["--subscription-id", subscription, "--tenant-id", TENANT],
    );
    if (!ok) throw new Error(`bicep snapshot ${basename(parametersFile)}: ${stderr}`);
    return JSON.parse(readFileSync(copy.replace(/\.bicepparam$/, ".snapshot.json"), "utf8"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The resources of a type. */
export function resourcesOf({ predictedResources }: Snapshot, type: string): Resource[] {
  return predictedResources.filter((resource) => resource.type === type);
}

function restoreBicep(): string | undefined {
  if (process.platform !== "linux" || process.arch !== "x64") return undefined;
  const packages = join(CACHE, "packages");
  const restored = run(
    "dotnet",
    ...["restore", PROJECT, "--packages", packages, `-p:BaseIntermediateOutputPath=${join(CACHE, "obj")}/`],
  );
  const [, name, version] = /Include="(.*)" Version="\[(.*)\]"/.exec(readFileSync(PROJECT, "utf8")) ?? [];
  return restored.ok && name && version ? join(packages, name.toLowerCase(), version, "tools", "bicep") : undefined;
}
