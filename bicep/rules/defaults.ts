import { resourcesOf } from "../cli.ts";
import type { Rule } from "./project.ts";

/**
 * Zones and zone-redundant storage are not in every region, and are refused there without a reason
 * (https://github.com/Azure/bicep-registry-modules, avm/res/web/serverfarm): the default installation does without.
 */
export const zonesAreAskedFor: Rule = {
  name: "zones-are-asked-for",
  check: (project) =>
    project
      .deployment("azd")
      .predictedResources.filter(({ sku, properties }) =>
        /"zoneRedundant":true|_G?ZRS/.test(JSON.stringify({ sku, properties })),
      )
      .map(({ type, name }) => `${type} ${name} is spread over zones by default.`),
};

/**
 * Azure refuses the value false for purge protection. A vault with it blocks its name for 90 days, so an installation for trials has none, and
 * the shortest retention (https://learn.microsoft.com/azure/key-vault/general/soft-delete-overview).
 */
export const trialsCanBeRepeated: Rule = {
  name: "trials-can-be-repeated",
  check: (project) =>
    project.names.flatMap((name) =>
      resourcesOf(project.deployment(name), "Microsoft.KeyVault/vaults").flatMap(({ name: vault, properties = {} }) => {
        const { enablePurgeProtection: isProtected, softDeleteRetentionInDays: days } = properties;
        const blocks = name === "dev" && (isProtected || days !== 7);
        return [
          ...(isProtected === false ? [`${name}: Azure refuses enablePurgeProtection false for ${vault}.`] : []),
          ...(blocks ? [`dev: ${vault} blocks its name after it is deleted.`] : []),
          ...(name !== "dev" && !isProtected ? [`${name}: ${vault} can be purged.`] : []),
        ];
      }),
    ),
};

/** A deployment ends the requests under way, unless instances are replaced one by one (https://learn.microsoft.com/azure/azure-functions/flex-consumption-site-updates). */
export const updatesRoll: Rule = {
  name: "updates-roll",
  check: (project) =>
    project.names.flatMap((name) =>
      resourcesOf(project.deployment(name), "Microsoft.Web/sites")
        .filter(
          ({ properties }) => !JSON.stringify(properties).includes('"siteUpdateStrategy":{"type":"RollingUpdate"}'),
        )
        .map(({ name: site }) => `${name}: a deployment restarts all instances of ${site} at once.`),
    ),
};
