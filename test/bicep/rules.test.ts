import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findings, RULES } from "../../bicep/rules/all.ts";
import {
  ignoreFileFitsBuild,
  oneBuildForAFolder,
  packageHoldsWhatRuns,
  parametersReachable,
} from "../../bicep/rules/azd.ts";
import { commandsIn, commandsParse } from "../../bicep/rules/commands.ts";
import { compileExpressions, hasDotnet } from "../../bicep/rules/expressions.ts";
import { openProject, type Project, policiesOf, type Rule } from "../../bicep/rules/project.ts";
import { bicep, hasBicep } from "./deployments.ts";
import { type Copy, copyWith, type Edit, projectOf } from "./faulty.ts";

if (!hasDotnet && process.env.CI === "true") throw new Error("CI needs the .NET SDK: it compiles the expressions.");
if (!hasDotnet) console.warn("The expressions of the policies are not compiled: there is no .NET SDK.");

interface Fault {
  fault: string;
  rule: string;
  edits: Edit[];
  finding: string;
}

/** Each fault is put back into the templates, and a rule must name it. They do not touch each other, so that one compilation has them all. */
const FAULTS: Fault[] = [
  {
    fault: "private endpoints of the stores are made after the app whose host keys are asked for",
    rule: "keys-after-storage",
    edits: [
      ["main.bicep", "dependsOn: [secretsVault, signingVaults, data, hostStorages]\n", "dependsOn: [data, adminApp]\n"],
      [
        "main.bicep",
        "dependsOn: [data, secretsVault, signingVaults, hostStorages, dataEndpoints, gatewayVault]",
        "dependsOn: [data, hostStorages]",
      ],
    ],
    finding: "gatewayAccess does not wait for dataEndpoints.",
  },
  {
    fault: "an app is made before the vaults that it reads",
    rule: "apps-after-stores",
    edits: [],
    finding: "adminApp does not wait for signingVaults.",
  },
  {
    fault: "requests may come in before the app's private endpoint is there",
    rule: "gateway-last",
    edits: [["main.bicep", "dependsOn: [adminDoor, frontDoorRoute]", "dependsOn: [frontDoorRoute]"]],
    finding: "adminApi does not wait for adminDoor.",
  },
  {
    fault: "only the delegated subnet of the gateway reaches the admin app",
    rule: "private-sites-take-code",
    edits: [["modules/network.bicep", "concat([prefixes.agents], deploySourcePrefixes)", "[prefixes.gateway]"]],
    finding: "production: no machine can be where func-socmate-admin",
  },
  {
    fault: "the addresses of a v2 gateway are read at run time",
    rule: "gateway-gets-in",
    edits: [
      [
        "modules/api-management-facts.bicep",
        "endsWith(service.sku.name, 'V2')\n  ? [azureCloudTag(service.location)]\n  : map(",
        "map(",
      ],
    ],
    finding: "gateway gives out the addresses of a gateway, whatever its tier is.",
  },
  {
    fault: "nobody is let into the admin app",
    rule: "gateway-gets-in",
    edits: [["main.bicep", "callers: privateNetwork ? [] : gatewayCallers", "callers: []"]],
    finding: "azd: func-socmate-admin",
  },
  {
    fault: "a service tag is named as its region is, and does not exist",
    rule: "gateway-gets-in",
    edits: [
      ["modules/types.bicep", "  germanywestcentral: 'germanywc'\n", ""],
      ["main.bicep", "callers: separateAdminApp ? [] : gatewayCallers", "callers: gatewayCallers"],
    ],
    finding: "elsewhere: there is no service tag of this name",
  },
  {
    fault: "a name grows beyond its limit with the longest parameters",
    rule: "names-fit",
    edits: [["main.bicep", "'kv-gate-", "'kv-the-gateway-"]],
    finding: "longest: kv-the-gateway-",
  },
  {
    fault: "a globally unique name is not salted",
    rule: "global-names-are-salted",
    edits: [["main.bicep", "environmentName, location, nameSalt)", "environmentName, location)"]],
    finding: "is the same with another nameSalt.",
  },
  {
    fault: "a custom role has the same name in two subscriptions of a tenant",
    rule: "role-names-differ",
    edits: [["modules/roles.bicep", "subscription().subscriptionId", "resourceGroup().name"]],
    finding:
      'The role "SoCMate token signer (rg-socmate-azd, rg-socmate-azd)" is called the same in another subscription.',
  },
  {
    fault: "an identity is made Contributor",
    rule: "no-privileged-role",
    edits: [["modules/types.bicep", "21090545-7ca7-4776-b22c-e363652d74d2", "b24988ac-6180-42a0-ab88-20f7382dd24c"]],
    finding: "azd: somebody is made Contributor.",
  },
  {
    fault: "a custom role manages resources",
    rule: "no-privileged-role",
    edits: [["modules/roles.bicep", "actions: [], notActions", "actions: ['*/read'], notActions"]],
    finding: "is wider than named operations on data.",
  },
  {
    fault: "an API version is retired",
    rule: "api-versions-live",
    edits: [
      [
        "modules/vault.bicep",
        "resource vault 'Microsoft.KeyVault/vaults@2026-02-01'",
        "resource vault 'Microsoft.KeyVault/vaults@2024-11-01'",
      ],
    ],
    finding: "Microsoft.KeyVault/vaults@2024-11-01 is older than 2026-02-01",
  },
  {
    fault: "zones are the default",
    rule: "zones-are-asked-for",
    edits: [["main.bicepparam", "'ZONE_REDUNDANT', 'false'", "'ZONE_REDUNDANT', 'true'"]],
    finding: "Microsoft.Web/serverfarms plan-func-socmate-token-",
  },
  {
    fault: "a vault of a trial blocks its name",
    rule: "trials-can-be-repeated",
    edits: [["modules/vault.bicep", "purgeProtection ? 90 : 7", "90"]],
    finding: "blocks its name after it is deleted.",
  },
  {
    fault: "purge protection is refused with the value false",
    rule: "trials-can-be-repeated",
    edits: [["modules/vault.bicep", "purgeProtection ? true : null", "purgeProtection"]],
    finding: "dev: Azure refuses enablePurgeProtection false for kv-",
  },
  {
    fault: "a deployment restarts all instances at once",
    rule: "updates-roll",
    edits: [["modules/function-app.bicep", "'RollingUpdate'", "'Recreate'"]],
    finding: "azd: a deployment restarts all instances of func-socmate-token-",
  },
  {
    fault: "a policy leaves the backend to serviceUrl",
    rule: "policies-name-the-backend",
    edits: [
      ["policies/console.xml", '<set-backend-service base-url="https://{{socmate-admin-backend}}/console" />', ""],
    ],
    finding: "bicep/policies/console.xml leaves open which backend its requests go to.",
  },
  {
    fault: "an API is imported with the example of the document as its backend",
    rule: "policies-name-the-backend",
    edits: [["modules/admin-api.bicep", "      servers:", "      hosts:"]],
    finding: "azd: an API is imported with the host of an example as its backend.",
  },
  {
    fault: "the firewall says too many requests whatever rule blocks",
    rule: "firewall-answers-by-rule",
    edits: [
      [
        "modules/front-door.bicep",
        "mode: 'Prevention'\n",
        "mode: 'Prevention'\n      customBlockResponseStatusCode: 429\n",
      ],
    ],
    finding: "production: fdsocmateproductionwaf answers alike whatever rule blocks.",
  },
];

/** A package as azd should find it, and the two services that are deployed from it. */
const SOUND = {
  "azure.yaml": [
    "name: x",
    "services:",
    ...["token", "admin"].flatMap((name) => [`  ${name}:`, "    project: dist/app", "    remoteBuild: false"]),
  ].join("\n"),
  "dist/app/host.json": "{}",
  "dist/app/package.json": '{ "main": "dist/functions.cjs" }',
  "dist/app/dist/functions.cjs": "",
  "dist/app/dist/console/index.html": "",
  "bicep/main.bicepparam": "param location = readEnvironmentVariable('AZURE_LOCATION', 'westeurope')\n",
};
const inTheRoot = { "azure.yaml": SOUND["azure.yaml"].replaceAll("dist/app", ".") };

describe.runIf(hasBicep)("the rules for deployments", () => {
  let copy: Copy;
  let faulty: Project;
  beforeAll(() => {
    copy = copyWith(FAULTS.flatMap(({ edits }) => edits));
    faulty = openProject(bicep ?? "bicep", copy.root);
    for (const name of faulty.names) faulty.deployment(name);
  }, 300_000);
  afterAll(() => copy[Symbol.dispose]());

  test("find nothing in this project", () => {
    expect(findings(openProject(bicep ?? "bicep"))).toEqual([]);
  }, 300_000);

  test.each(FAULTS)("name it when $fault", ({ rule, finding }) => {
    const named = RULES.find(({ name }) => name === rule)?.check(faulty) ?? [];
    expect(named.filter((sentence) => sentence.includes(finding))).not.toEqual([]);
  });

  test("each have a fault that they must name", () => {
    const files = [commandsParse, ignoreFileFitsBuild, oneBuildForAFolder, packageHoldsWhatRuns, parametersReachable];
    expect([...new Set(FAULTS.map(({ rule }) => rule)), ...files.map(({ name }) => name)].sort()).toEqual(
      RULES.map(({ name }) => name).sort(),
    );
  });
});

describe("the rules for azd", () => {
  test("find nothing in a package that azd deploys", () => {
    expect(
      findings(projectOf(SOUND, ["location"]), [
        ignoreFileFitsBuild,
        oneBuildForAFolder,
        packageHoldsWhatRuns,
        parametersReachable,
      ]),
    ).toEqual([]);
  });

  test.each<[fault: string, Rule, files: Record<string, string>, finding: string]>([
    [
      "remoteBuild is false beside a .funcignore that excludes node_modules",
      ignoreFileFitsBuild,
      { "dist/app/.funcignore": "*\n!dist\n" },
      "token: azd refuses remoteBuild false beside a .funcignore that excludes node_modules.",
    ],
    [
      "remoteBuild is not set",
      ignoreFileFitsBuild,
      { "azure.yaml": SOUND["azure.yaml"].replaceAll("    remoteBuild: false", "") },
      "token: remoteBuild is not false, so Azure builds what is built already.",
    ],
    [
      "two services are built in one folder",
      oneBuildForAFolder,
      { ...inTheRoot, "package.json": '{ "scripts": { "build": "node build.ts" } }' },
      "admin and token are built in one folder at the same time.",
    ],
    [
      "the package has more than what runs",
      packageHoldsWhatRuns,
      { "dist/app/functions/token.ts": "" },
      "functions/token.ts would be deployed from dist/app, and nothing names it.",
    ],
    [
      "the package has no entry point",
      packageHoldsWhatRuns,
      { "dist/app/package.json": '{ "main": "dist/other.cjs" }' },
      "dist/other.cjs, the main of dist/app, is not there.",
    ],
    [
      "the package has dependencies to install",
      packageHoldsWhatRuns,
      { "dist/app/package.json": '{ "main": "dist/functions.cjs", "dependencies": { "zod": "4" } }' },
      "package.json of dist/app has zod.",
    ],
    [
      "a parameter reads no variable of azd",
      parametersReachable,
      { "bicep/main.bicepparam": "param location = 'westeurope'\n" },
      "location reads no variable of azd, and no reason is given.",
    ],
  ])("name it when %s", (_fault, rule, files, finding) => {
    expect(rule.check(projectOf({ ...SOUND, ...files }, ["location"]))).toContain(finding);
  });

  test.each([
    ["*\n!dist\n", true],
    ["node_modules\n", true],
    ["/node_modules/\r\n", true],
    ["**/node_modules\n", true],
    ["*\n!node_modules\n", false],
    ["# node_modules\ndist\n", false],
  ])("read .funcignore as azd does: %j", (ignoreFile, isRefused) => {
    const refused = ignoreFileFitsBuild.check(projectOf({ ...SOUND, "dist/app/.funcignore": ignoreFile }));
    expect(refused.length > 0).toBe(isRefused);
  });
});

describe("the rule for commands", () => {
  const check = (markdown: string) => commandsParse.check(projectOf({ "docs/x.md": markdown }));

  test.each([
    ["az apim nv refresh-secret", "docs/x.md: `az apim nv refresh-secret` is not in the list of commands."],
    ["az group delete rg", "docs/x.md: `az group delete rg` is not in the list of commands."],
    ["az group delete --name rg --purge", "docs/x.md: `az group delete` does not take --purge."],
    ["azd down --purge --all", "docs/x.md: `azd down` does not take --all."],
    ["azd destroy", "docs/x.md: `azd destroy` is not in the list of commands."],
  ])("refuses %s in a block and in a sentence", (command, finding) => {
    expect(check(`\`\`\`sh\n${command}\n\`\`\`\n`)).toEqual([finding]);
    expect(check(`Say \`${command}\`.`)).toEqual([finding]);
  });

  test("finds commands behind a variable, in a loop, in a substitution and over several lines, and leaves prose alone", () => {
    const block = [
      "ID=$(az ad app show --id $APP \\",
      "  --query id)   # --no-flag",
      "for p in a b; do az provider register --namespace $p; done",
      `az rest --url "$(az ad sp show --id x)" --body '{ "a": "--b; c" }' | sort --unique`,
    ].join("\n");
    expect(
      commandsIn(`Use az to see.\n\`\`\`sh\n${block}\n\`\`\`\n\`azure.yaml\``).map((words) => words.join(" ")),
    ).toEqual([
      "az ad app show --id $APP --query id",
      "az provider register --namespace $p",
      `az rest --url "$(az ad sp show --id x)" --body '{ "a": "--b; c" }'`,
      "az ad sp show --id x",
    ]);
  });
});

describe.runIf(hasDotnet)("the expressions of the policies", () => {
  test("compile against the documented context", () => {
    const project = openProject("bicep");
    expect(policiesOf(project).size).toBeGreaterThan(2);
    expect(compileExpressions(policiesOf(project))).toEqual([]);
  }, 120_000);

  test("do not compile with a member that the context does not have, a wrong type, or a path without an answer", () => {
    const policy = `<fragment>
      <a condition="@(context.Request.Header.Count > 0)" />
      <b>@{ return context.Nope; }</b>
      <c condition="@(1)" />
      <d>@{ if (context.Tracing) return 1; }</d>
      <e>@(context.Request.Headers.GetValueOrDefault("a"))</e>
    </fragment>`;
    const errors = compileExpressions(new Map([["bicep/policies/x.xml", policy]]));
    expect(errors.map((error) => error.slice(0, error.indexOf(": ", 10)).replace(/:.*/, ""))).toEqual([
      ...["x.xml a condition", "x.xml b", "x.xml c condition", "x.xml d", "x.xml e"],
    ]);
  }, 120_000);

  test("are all of a value: text before an expression does not compile", () => {
    const errors = compileExpressions(new Map([["x.xml", `<fragment><value>Bearer @("x")</value></fragment>`]]));
    expect(errors.join("\n")).toContain("x.xml value");
  }, 120_000);
});
