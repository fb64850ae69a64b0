import { globSync, readFileSync, statSync } from "node:fs";
import { join, resolve, sep } from "node:path";
import { run, type Snapshot, takeSnapshot } from "../cli.ts";

/** The compiled templates and the files around them, as the rules see them. Each part is computed when a rule first asks for it. */
export interface Project {
  /** The deployments that are looked at. */
  readonly names: readonly DeploymentName[];
  /** What one of them would send. */
  deployment(name: DeploymentName): Snapshot;
  /** The modules that main.bicep compiles to. */
  modules(): Module[];
  /** The declared parameters of main.bicep. */
  parameters(): string[];
  /** Text of files by their path from the root of the repository. */
  readonly files: ReadonlyMap<string, string>;
}

/** A module of the compiled main.bicep: it is deployed as one, after those that it depends on. */
export interface Module {
  readonly symbol: string;
  /** Types of the resources that it makes; those that exist already are not among them. */
  readonly makes: readonly string[];
  /** All modules that are complete before it starts. */
  readonly after: ReadonlySet<string>;
  /** Its arguments as text, with the variables of main.bicep filled in. */
  readonly arguments: string;
  /** Its template as text. */
  readonly text: string;
}

/** A rule about a project. It returns one sentence for each fault. */
export interface Rule {
  readonly name: string;
  check(project: Project): string[];
}

/** Name of a deployment: a parameters file, and with it what differs from an azd environment in westeurope. */
export type DeploymentName = keyof typeof DEPLOYMENTS;

const AZD = "bicep/main.bicepparam";
const DEPLOYMENTS = {
  production: { file: "bicep/production.bicepparam" },
  dev: { file: "bicep/dev.bicepparam" },
  azd: { file: AZD },
  existingGateway: { file: "bicep/rules/existing-gateway.bicepparam" },
  longest: { file: "bicep/rules/longest.bicepparam" },
  salted: { file: AZD, variables: { NAME_SALT: "again" } },
  elsewhere: {
    file: AZD,
    // A region whose service tag is not named as the region is.
    variables: { AZURE_LOCATION: "germanywestcentral" },
    subscription: "99999999-9999-9999-9999-999999999999",
  },
} satisfies Record<string, { file: string; variables?: Record<string, string>; subscription?: string }>;

const FILES = ["*.md", "docs/*.md", "azure.yaml", "**/.funcignore", "package.json", "host.json", "dist/app/**"];
const TEMPLATE_FILES = ["bicep/*.bicepparam", "bicep/policies/*.xml"];

interface Template {
  parameters: Record<string, unknown>;
  variables: Record<string, unknown>;
  resources: Record<string, Nested>;
}

interface Nested {
  type: string;
  existing?: boolean;
  dependsOn?: string[];
  properties?: { parameters?: unknown; template?: { resources: Record<string, Nested> | Nested[] } };
}

/** Reads a project whose templates are in its folder `bicep`. */
export function openProject(
  bicep: string,
  root = resolve(import.meta.dirname, "../.."),
  names = Object.keys(DEPLOYMENTS) as DeploymentName[],
): Project {
  const compiled = once((): Template => {
    const { ok, stdout, stderr } = run(bicep, "build", join(root, "bicep", "main.bicep"), "--stdout");
    if (!ok) throw new Error(stderr);
    return JSON.parse(stdout);
  });
  const files = once(() => readFiles(root));
  const snapshots = new Map(names.map((name) => [name, once(() => snapshotOf(bicep, root, name))]));
  return {
    names,
    deployment: (name) => {
      const snapshot = snapshots.get(name);
      if (!snapshot) throw new Error(`The deployment ${name} is not looked at.`);
      return snapshot();
    },
    modules: once(() => modulesOf(compiled())),
    parameters: () => Object.keys(compiled().parameters),
    get files() {
      return files();
    },
  };
}

/** The policies of API Management, by their path. */
export function policiesOf({ files }: Project): ReadonlyMap<string, string> {
  return new Map([...files].filter(([path]) => path.startsWith("bicep/policies/")));
}

function snapshotOf(bicep: string, root: string, name: DeploymentName): Snapshot {
  const { file, variables, subscription }: { file: string; variables?: Record<string, string>; subscription?: string } =
    DEPLOYMENTS[name];
  return takeSnapshot(bicep, join(root, file), variables, subscription);
}

function readFiles(root: string): Map<string, string> {
  const paths = [...FILES, ...TEMPLATE_FILES].flatMap((pattern) =>
    globSync(pattern, { cwd: root, exclude: ["**/node_modules"] }),
  );
  const files = paths.filter((path) => statSync(join(root, path)).isFile());
  return new Map(files.map((path) => [path.replaceAll(sep, "/"), readFileSync(join(root, path), "utf8")]));
}

function modulesOf({ resources, variables }: Template): Module[] {
  const after = (symbol: string, found = new Set<string>()): Set<string> => {
    for (const dependency of resources[symbol]?.dependsOn ?? []) {
      if (!found.has(dependency)) after(dependency, found.add(dependency));
    }
    return found;
  };
  return Object.entries(resources).map(([symbol, { properties }]) => {
    const nested = Object.values(properties?.template?.resources ?? {});
    return {
      symbol,
      makes: nested.filter(({ existing }) => !existing).map(({ type }) => type),
      after: after(symbol),
      arguments: fillIn(JSON.stringify(properties?.parameters ?? {}), variables),
      text: JSON.stringify(properties?.template ?? {}),
    };
  });
}

/** Puts the values of variables in the place of their names; a variable may name others. */
function fillIn(text: string, variables: Record<string, unknown>): string {
  return text.replace(/variables\('(\w+)'\)/g, (_, name: string) =>
    fillIn(JSON.stringify(variables[name] ?? null), variables),
  );
}

function once<T>(compute: () => T): () => T {
  let value: { result: T } | undefined;
  return () => {
    value ??= { result: compute() };
    return value.result;
  };
}
