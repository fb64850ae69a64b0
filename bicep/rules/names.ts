import { type Resource, resourcesOf, type Snapshot } from "../cli.ts";
import type { Rule } from "./project.ts";

const LETTER_FIRST = /^[a-z](-?[a-z0-9])*$/i;
const WORD = /^[a-z0-9](-?[a-z0-9])*$/i;
const ANY = /^[^*#&+:<>?%/\\]+$/;
const PLAIN = /^[\w.()-]+$/;

/**
 * Length and form of the last part of a resource's name; `global` where no two in the world may have the same.
 * https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules
 */
const LIMITS: Record<string, { longest: number; form: RegExp; global?: boolean }> = {
  "Microsoft.ApiManagement/service": { longest: 50, form: LETTER_FIRST, global: true },
  "Microsoft.Cdn/profiles": { longest: 260, form: WORD },
  "Microsoft.Cdn/profiles/afdEndpoints": { longest: 46, form: WORD },
  "Microsoft.Cdn/profiles/customDomains": { longest: 260, form: WORD },
  "Microsoft.Insights/actionGroups": { longest: 260, form: ANY },
  "Microsoft.Insights/components": { longest: 260, form: ANY },
  "Microsoft.Insights/metricAlerts": { longest: 260, form: ANY },
  "Microsoft.Insights/scheduledQueryRules": { longest: 260, form: ANY },
  "Microsoft.KeyVault/vaults": { longest: 24, form: LETTER_FIRST, global: true },
  "Microsoft.ManagedIdentity/userAssignedIdentities": { longest: 128, form: PLAIN },
  "Microsoft.Network/FrontDoorWebApplicationFirewallPolicies": { longest: 128, form: /^[a-z][a-z0-9]*$/i },
  "Microsoft.Network/networkSecurityGroups": { longest: 80, form: PLAIN },
  "Microsoft.Network/privateDnsZones": { longest: 253, form: PLAIN },
  "Microsoft.Network/privateEndpoints": { longest: 64, form: PLAIN },
  "Microsoft.Network/virtualNetworks": { longest: 64, form: PLAIN },
  "Microsoft.OperationalInsights/workspaces": { longest: 63, form: WORD },
  "Microsoft.Resources/resourceGroups": { longest: 90, form: PLAIN },
  "Microsoft.Storage/storageAccounts": { longest: 24, form: /^[a-z0-9]{3,}$/, global: true },
  "Microsoft.Web/serverfarms": { longest: 60, form: WORD },
  "Microsoft.Web/sites": { longest: 60, form: WORD, global: true },
};
/** Named by a text of the template alone, or by a GUID. */
const UNLIMITED = /^Microsoft\.Authorization\/|^Microsoft\.Insights\/diagnosticSettings$|\/.*\//;

/** The longest parameters make no name that Azure refuses. */
export const namesFit: Rule = {
  name: "names-fit",
  check: (project) =>
    project.names.flatMap((name) =>
      project
        .deployment(name)
        .predictedResources.filter((resource) => !resource.name.startsWith("[") && !fits(resource))
        .map(({ type, name: refused }) => `${name}: ${refused} is no name for a ${type}, or its limit is not known.`),
    ),
};

function fits({ type, name }: Resource): boolean {
  const limit = LIMITS[type];
  if (!limit) return UNLIMITED.test(type);
  const last = name.split("/").at(-1) ?? "";
  return last.length <= limit.longest && limit.form.test(last);
}

/**
 * A name that is unique in the world stays taken after its resource is deleted: a vault with purge protection for 90 days
 * (https://github.com/Azure/azure-dev/issues/3595). Another `nameSalt` makes another name.
 */
export const globalNamesAreSalted: Rule = {
  name: "global-names-are-salted",
  check: (project) => {
    const globalTypes = Object.keys(LIMITS).filter((type) => LIMITS[type]?.global);
    const namesIn = (snapshot: Snapshot) =>
      globalTypes.flatMap((type) => resourcesOf(snapshot, type).map(({ name }) => name));
    const taken = namesIn(project.deployment("azd"));
    return namesIn(project.deployment("salted"))
      .filter((name) => taken.includes(name))
      .map((name) => `${name} is the same with another nameSalt.`);
  },
};

/** The name of a custom role is unique in its tenant, which may have many subscriptions (https://github.com/MicrosoftDocs/azure-docs/issues/60446). */
export const roleNamesDiffer: Rule = {
  name: "role-names-differ",
  check: (project) => {
    const namesIn = (snapshot: Snapshot) =>
      resourcesOf(snapshot, "Microsoft.Authorization/roleDefinitions").map(({ properties }) => properties?.roleName);
    const taken = namesIn(project.deployment("azd"));
    return namesIn(project.deployment("elsewhere"))
      .filter((name) => taken.includes(name))
      .map((name) => `The role "${name}" is called the same in another subscription.`);
  },
};
