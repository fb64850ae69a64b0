import { posix } from "node:path";
import { z } from "zod";
import type { Project, Rule } from "./project.ts";

const packageSchema = z.object({
  main: z.string().optional(),
  scripts: z.record(z.string(), z.string()).default({}),
  dependencies: z.record(z.string(), z.string()).default({}),
});

interface Service {
  name: string;
  /** Path of its folder from the root; empty for the root. */
  folder: string;
  remoteBuild: string | undefined;
}

/** The folder of the admin page, beside the entry point: the app reads it at run time. */
const PAGE = "console/";

/**
 * azd's rule for JavaScript on Flex Consumption, since 1.23.12
 * (https://github.com/Azure/azure-dev/blob/main/cli/azd/pkg/project/service_target_functionapp.go, `resolveFunctionAppRemoteBuild`): the setting
 * and `.funcignore` must agree. Where the setting is absent azd may let Azure build, which has no sources to build.
 */
export const ignoreFileFitsBuild: Rule = {
  name: "ignore-file-fits-build",
  check: (project) =>
    servicesOf(project).flatMap(({ name, folder, remoteBuild }) => {
      const ignoreFile = project.files.get(posix.join(folder, ".funcignore"));
      if (remoteBuild !== "false") return [`${name}: remoteBuild is not false, so Azure builds what is built already.`];
      return ignoreFile !== undefined && excludesModules(ignoreFile)
        ? [`${name}: azd refuses remoteBuild false beside a .funcignore that excludes node_modules.`]
        : [];
    }),
};

/** azd packages all services at the same time, and runs the build script that it finds in the folder of each. */
export const oneBuildForAFolder: Rule = {
  name: "one-build-for-a-folder",
  check: (project) => {
    const services = servicesOf(project);
    return services.flatMap(({ name, folder }, i) => {
      const packageFile = project.files.get(posix.join(folder, "package.json"));
      const builds = packageFile !== undefined && "build" in packageSchema.parse(JSON.parse(packageFile)).scripts;
      const other = services.slice(0, i).find((earlier) => earlier.folder === folder);
      return builds && other ? [`${name} and ${other.name} are built in one folder at the same time.`] : [];
    });
  },
};

/** What azd leaves in the folder: it runs `npm install` there, which has nothing to install (azure-dev, framework_service_node.go). */
const LEFT_BY_AZD = "package-lock.json";

/** The folder of a service is what is deployed: `host.json`, a `package.json` without work to do, its `main`, and the page. */
export const packageHoldsWhatRuns: Rule = {
  name: "package-holds-what-runs",
  check: (project) =>
    [...new Set(servicesOf(project).map(({ folder }) => folder))].flatMap((folder) => {
      const held = [...project.files.keys()].map((path) => posix.relative(folder, path));
      const inside = held.filter((path) => !path.startsWith(".."));
      const packageFile = project.files.get(posix.join(folder, "package.json"));
      const where = folder || "the root";
      if (packageFile === undefined || !inside.includes("host.json")) return [`${where} holds no package.`];
      const { main = "", scripts, dependencies } = packageSchema.parse(JSON.parse(packageFile));
      const page = posix.join(posix.dirname(main), PAGE);
      const strange = inside.filter(
        (path) => !["host.json", "package.json", LEFT_BY_AZD, main].includes(path) && !path.startsWith(page),
      );
      return [
        ...strange.map((path) => `${path} would be deployed from ${where}, and nothing names it.`),
        ...(inside.includes(main) ? [] : [`${main}, the main of ${where}, is not there.`]),
        ...[...Object.keys(scripts), ...Object.keys(dependencies)].map(
          (work) => `package.json of ${where} has ${work}.`,
        ),
      ];
    }),
};

/** Parameters that no variable of an azd environment sets, and why. */
const NOT_FROM_AZD: Record<string, string> = {};

/** azd compiles main.bicepparam with the variables of its environment: a parameter that reads none cannot be set with azd. */
export const parametersReachable: Rule = {
  name: "parameters-reachable",
  check: (project) => {
    const file = project.files.get("bicep/main.bicepparam") ?? "";
    return project
      .parameters()
      .filter(
        (name) =>
          !(name in NOT_FROM_AZD) && !new RegExp(`^param ${name} = .*readEnvironmentVariable\\('`, "m").test(file),
      )
      .map((name) => `${name} reads no variable of azd, and no reason is given.`);
  },
};

/** Whether a .funcignore excludes node_modules: as in a .gitignore the last line that matches counts. */
function excludesModules(text: string): boolean {
  const last = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .findLast((line) => /^!?(\*|(\*\*\/|\/)?node_modules\/?)$/.test(line));
  return last !== undefined && !last.startsWith("!");
}

function servicesOf({ files }: Project): Service[] {
  const { services = {} } = readYaml(files.get("azure.yaml") ?? "");
  return Object.entries(services).map(([name, service]) => {
    const { project = ".", remoteBuild } = service as Record<string, string>;
    return { name, folder: posix.join(project).replace(/^\.\/?$/, ""), remoteBuild };
  });
}

interface Yaml {
  [key: string]: string | Yaml;
}

/**
 * Reads the part of YAML that azure.yaml is made of: maps of maps and of plain values.
 *
 * @throws Error at a line that is anything else.
 */
function readYaml(text: string): Yaml {
  const root: Yaml = {};
  const open: { indent: number; map: Yaml }[] = [{ indent: -1, map: root }];
  for (const line of text.split(/\r?\n/)) {
    if (/^\s*(#|$)/.test(line)) continue;
    const [, space = "", key = "", value = ""] = /^( *)([\w-]+):(?: (.+))?$/.exec(line) ?? [];
    if (!key) throw new Error(`azure.yaml: "${line}" is not read here.`);
    while ((open.at(-1)?.indent ?? -1) >= space.length) open.pop();
    const parent = open.at(-1)?.map ?? root;
    const child: Yaml = {};
    parent[key] = value || child;
    if (!value) open.push({ indent: space.length, map: child });
  }
  return root;
}
