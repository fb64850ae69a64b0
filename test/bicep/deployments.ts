import { findBicep, run, type Snapshot, takeSnapshot } from "../../bicep/cli.ts";
import { openProject } from "../../bicep/rules/project.ts";

/** The Bicep CLI, if there is one. */
export const bicep = findBicep();
if (!bicep && process.env.CI === "true") throw new Error("CI needs the Bicep CLI: the .NET SDK brings it.");
if (!bicep) console.warn("The tests of the templates are skipped: there is no Bicep CLI.");

/** Whether the templates can be compiled on this machine. */
export const hasBicep = bicep !== undefined;

/** The deployments that are looked at: those of the sample parameters, and one beside an API Management that is there already. */
export type Deployments = Record<"production" | "dev" | "azd" | "existingGateway", Snapshot>;

/** Computes what each deployment would send. */
export function takeDeployments(): Deployments {
  const { deployment } = openProject(bicep ?? "bicep");
  return {
    production: deployment("production"),
    dev: deployment("dev"),
    azd: deployment("azd"),
    existingGateway: deployment("existingGateway"),
  };
}

/** Computes what a deployment with a parameters file would send. */
export function snapshotOf(parametersFile: string): Snapshot {
  return takeSnapshot(bicep ?? "bicep", parametersFile);
}

/** The template that main.bicep compiles to, its modules inside. */
export function templateOf(): unknown {
  return JSON.parse(run(bicep ?? "bicep", "build", "main.bicep", "--stdout").stdout);
}

/** What Azure would answer for an expression that only it can evaluate. */
const AZURE = {
  environment: () => ({
    authentication: { loginEndpoint: "https://login.microsoftonline.com/" },
    suffixes: { storage: "core.windows.net", keyvaultDns: ".vault.azure.net" },
  }),
  reference: () => ({ clientId: "33333333-3333-3333-3333-333333333333", ConnectionString: "InstrumentationKey=x" }),
  format: (template: string, ...values: string[]) => template.replace(/\{(\d)\}/g, (_, i) => values[Number(i)] ?? ""),
  join: (values: string[], separator: string) => values.join(separator),
  createArray: (...values: string[]) => values,
};

/** Evaluates a template expression in brackets; its syntax is a part of JavaScript's. Anything else is a plain value. */
export function evaluate(value: string): string {
  if (!value.startsWith("[")) return value;
  return new Function(...Object.keys(AZURE), `return ${value.slice(1, -1)}`)(...Object.values(AZURE));
}
