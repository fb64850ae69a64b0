import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { resourcesOf, type Snapshot } from "../../bicep/cli.ts";
import { evaluate } from "./deployments.ts";

const BUILT_IN_ROLES: Record<string, string> = {
  "4633458b-17de-408a-b874-0445c86b69e6": "Key Vault Secrets User",
  "21090545-7ca7-4776-b22c-e363652d74d2": "Key Vault Reader",
  "3913510d-42f4-4e42-8a64-420c390055eb": "Monitoring Metrics Publisher",
  "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": "Storage Blob Data Owner",
};

const PLACES: [RegExp, string][] = [
  [/vaults\/kv-sign-/, "signing vault"],
  [/vaults\/kv-hash-/, "secrets vault"],
  [/vaults\/kv-gate-/, "gateway vault"],
  [/storageAccounts\/stdata[^/]*\/tableServices\/default\/tables\/apiclients$/, "clients table"],
  [/storageAccounts\/stdata[^/]*\/tableServices\/default\/tables\/apiclientusage$/, "usage table"],
  [/storageAccounts\/stdata/, "clients account"],
  [/storageAccounts\/sttoken/, "token host"],
  [/storageAccounts\/stadmin/, "admin host"],
  [/components\/appi-/, "insights"],
];

const PRINCIPALS: [RegExp, string][] = [
  [/userAssignedIdentities\/id-socmate-token'/, "token"],
  [/userAssignedIdentities\/id-socmate-admin'/, "admin"],
  [/ApiManagement\/service\/apim-/, "gateway"],
];

const siteSchema = z.object({
  httpsOnly: z.boolean(),
  publicNetworkAccess: z.string(),
  functionAppConfig: z.looseObject({ runtime: z.object({ name: z.string(), version: z.string() }) }),
  siteConfig: z.looseObject({
    minTlsVersion: z.string(),
    appSettings: z.array(z.object({ name: z.string(), value: z.string() })),
    cors: z.unknown(),
    ipSecurityRestrictions: z.unknown(),
    ipSecurityRestrictionsDefaultAction: z.string(),
  }),
});

const nameOf = (text: string, names: [RegExp, string][]) => names.find(([pattern]) => pattern.test(text))?.[1] ?? text;

/** Role assignments in words: who | role | on. */
export function grantsOf(snapshot: Snapshot): string[] {
  const custom = Object.fromEntries(
    resourcesOf(snapshot, "Microsoft.Authorization/roleDefinitions").map(({ name, properties }) => [
      name,
      String(properties?.roleName).replace(/ \(.*\)$/, ""),
    ]),
  );
  const grants = resourcesOf(snapshot, "Microsoft.Authorization/roleAssignments").map(({ id, properties }) => {
    const role = String(properties?.roleDefinitionId).split("/").at(-1) ?? "";
    const [, scope = ""] = /extensionResourceId\('([^']*)'/.exec(id) ?? [];
    return [
      nameOf(String(properties?.principalId), PRINCIPALS),
      BUILT_IN_ROLES[role] ?? custom[role] ?? role,
      nameOf(scope, PLACES),
    ].join(" | ");
  });
  return [...new Set(grants)].sort();
}

/** The function apps, with their settings by name. */
export function appsOf(snapshot: Snapshot) {
  return resourcesOf(snapshot, "Microsoft.Web/sites").map(({ name, properties }) => {
    const { siteConfig, ...site } = siteSchema.parse(properties);
    const settings = Object.fromEntries(siteConfig.appSettings.map(({ name, value }) => [name, evaluate(value)]));
    return { kind: name.split("-")[2] ?? name, ...site, siteConfig, settings };
  });
}

/** The token app or the admin app. */
export function appOf(snapshot: Snapshot, kind: string) {
  const app = appsOf(snapshot).find((candidate) => candidate.kind === kind);
  if (!app) throw new Error(`There is no ${kind} app.`);
  return app;
}

/** The functions that an app's settings switch off. */
export function disabledIn(settings: Record<string, string>): string[] {
  return Object.keys(settings).flatMap((name) => /^AzureWebJobs\.(.+)\.Disabled$/.exec(name)?.[1] ?? []);
}

/** The names of the functions in the package, from their registrations. */
export function registeredFunctions(): string[] {
  return inFunctions(/^app\.(?:http|timer)\("([^"]+)"/gm);
}

/** The routes of the functions in the package, from their registrations. */
export function registeredRoutes(): string[] {
  return [...new Set(inFunctions(/\broute: "([^"]+)"/g))];
}

function inFunctions(pattern: RegExp): string[] {
  const folder = join(import.meta.dirname, "../../functions");
  const source = readdirSync(folder).map((file) => readFileSync(join(folder, file), "utf8"));
  return source.flatMap((text) => [...text.matchAll(pattern)].map(([, found = ""]) => found));
}

/** Every value under a member name, however deep. */
export function valuesOf(node: unknown, member: string): unknown[] {
  if (typeof node !== "object" || node === null) return [];
  return Object.entries(node).flatMap(([name, value]) => [
    ...(name === member ? [value] : []),
    ...valuesOf(value, member),
  ]);
}
