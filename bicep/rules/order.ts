import type { Module, Project, Rule } from "./project.ts";

const ACCOUNT = "Microsoft.Storage/storageAccounts";
const VAULT = "Microsoft.KeyVault/vaults";
const SITE = "Microsoft.Web/sites";
const ENDPOINT = "Microsoft.Network/privateEndpoints";
const API = "Microsoft.ApiManagement/service/apis";

const makes = (type: string) => (module: Module) => module.makes.includes(type);
/** The modules of accounts and vaults assign their roles as well. */
const isStore = (module: Module) => makes(ACCOUNT)(module) || makes(VAULT)(module);
const isDoorOfStores = (module: Module) =>
  makes(ENDPOINT)(module) && (module.arguments.includes(ACCOUNT) || module.arguments.includes(VAULT));
const asksForKeys = ({ text }: Module) => /\blist\w*Keys?\(/i.test(text);

/**
 * Azure Resource Manager deploys in parallel whatever does not depend on each other. `listKeys` of a function app fails while the storage of its
 * host cannot be reached or its role is not in force (https://github.com/Azure/bicep-types-az/issues/1356), and a named value is read from
 * its vault when it is made (https://github.com/mspnp/aks-baseline/issues/242).
 */
export const keysAfterStorage = waits("keys-after-storage", asksForKeys, [isStore, isDoorOfStores, makes(SITE)]);

/** An app's host writes its keys, and its first instance reads vaults, as soon as there is an app. */
export const appsAfterStores = waits("apps-after-stores", makes(SITE), [isStore, isDoorOfStores]);

/** Requests come in, and the key is read, as soon as there is an API. */
export const gatewayLast = waits("gateway-last", makes(API), [asksForKeys, makes(SITE), makes(ENDPOINT), isStore]);

function waits(name: string, isWaiting: (module: Module) => boolean, isNeeded: ((module: Module) => boolean)[]): Rule {
  return {
    name,
    check: (project: Project) => {
      const modules = project.modules();
      const waiting = modules.filter(isWaiting);
      if (waiting.length === 0) return ["No module is the one that this rule is about."];
      return waiting.flatMap(({ symbol, after }) =>
        modules
          .filter(
            (needed) => needed.symbol !== symbol && isNeeded.some((is) => is(needed)) && !after.has(needed.symbol),
          )
          .map((needed) => `${symbol} does not wait for ${needed.symbol}.`),
      );
    },
  };
}
