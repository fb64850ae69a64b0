import { apiVersionsLive } from "./api-versions.ts";
import { ignoreFileFitsBuild, oneBuildForAFolder, packageHoldsWhatRuns, parametersReachable } from "./azd.ts";
import { commandsParse } from "./commands.ts";
import { trialsCanBeRepeated, updatesRoll, zonesAreAskedFor } from "./defaults.ts";
import { gatewayGetsIn, privateSitesTakeCode } from "./doors.ts";
import { firewallAnswersByRule, policiesNameTheBackend } from "./gateway.ts";
import { globalNamesAreSalted, namesFit, roleNamesDiffer } from "./names.ts";
import { appsAfterStores, gatewayLast, keysAfterStorage } from "./order.ts";
import type { Project, Rule } from "./project.ts";
import { noPrivilegedRole } from "./roles.ts";

/** The rules that the project keeps. */
export const RULES: readonly Rule[] = [
  keysAfterStorage,
  appsAfterStores,
  gatewayLast,
  privateSitesTakeCode,
  gatewayGetsIn,
  namesFit,
  globalNamesAreSalted,
  roleNamesDiffer,
  noPrivilegedRole,
  apiVersionsLive,
  zonesAreAskedFor,
  trialsCanBeRepeated,
  updatesRoll,
  policiesNameTheBackend,
  firewallAnswersByRule,
  commandsParse,
  ignoreFileFitsBuild,
  oneBuildForAFolder,
  packageHoldsWhatRuns,
  parametersReachable,
];

/** Checks a project by rules; each finding begins with the name of its rule. */
export function findings(project: Project, rules: readonly Rule[] = RULES): string[] {
  return rules.flatMap((rule) => rule.check(project).map((finding) => `${rule.name}: ${finding}`));
}
