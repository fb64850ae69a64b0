import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Directory, SUBSCRIPTION, USER } from "./fake-az.ts";

const ENVIRONMENT = {
  AZURE_ENV_NAME: "dev",
  AZURE_SUBSCRIPTION_ID: SUBSCRIPTION,
  AZURE_LOCATION: "westeurope",
  OPERATORS_EMAIL: "operators@yourcompany.com",
};
const OWN = {
  ADMIN_APPLICATION_ID: "44444444-4444-4444-8444-444444444444",
  CONSOLE_APPLICATION_ID: "55555555-5555-4555-8555-555555555555",
};
const AZURE_CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";
const OUTPUTS = { TOKEN_ISSUER: "https://auth.example.com", ADMIN_URL: "https://api.example.com" };
const PAGE = "https://api.example.com/console/";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "socmate-hooks-"));
  for (const command of ["az", "azd"]) {
    const script = `#!/bin/sh\nexec "${process.execPath}" "${join(import.meta.dirname, "fake-az.ts")}" ${command} "$@"\n`;
    writeFileSync(join(dir, command), script);
    chmodSync(join(dir, command), 0o755);
  }
  write({ applications: [], principals: [], assignments: [], variables: {}, lag: 0, changesLeft: 1000 });
});
afterEach(() => rmSync(dir, { recursive: true }));

const read = (): Directory => JSON.parse(readFileSync(join(dir, "directory.json"), "utf8"));
const write = (directory: Directory) => writeFileSync(join(dir, "directory.json"), JSON.stringify(directory));
const calls = (): string[][] =>
  readFileSync(join(dir, "calls"), "utf8")
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line));
const changes = () => calls().filter((words) => words.some((word) => ["PATCH", "POST", "set"].includes(word)));

/** Runs a hook as azd does, with the variables of the environment and those that earlier hooks have set. */
function runHook(name: string, variables: Record<string, string | undefined>, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [`bicep/hooks/${name}.ts`, ...args], {
    encoding: "utf8",
    env: {
      PATH: [dir, process.env.PATH].join(delimiter),
      TMPDIR: dir,
      FAKE_AZ_DIR: dir,
      ...variables,
      ...read().variables,
    },
  });
  return { ok: status === 0, stdout, stderr };
}

// The fakes are shell scripts.
describe.skipIf(process.platform === "win32")("the hook preprovision", () => {
  test("makes both registrations, gives the user the role, and sets the two application ids", () => {
    const { ok, stdout, stderr } = runHook("preprovision", ENVIRONMENT);
    expect({ ok, stderr }).toEqual({ ok: true, stderr: "" });
    const { applications, principals, assignments, variables } = read();
    const [api, page] = applications;
    expect(api).toMatchObject({
      displayName: "SoCMate API clients (dev)",
      signInAudience: "AzureADMyOrg",
      identifierUris: [`api://${api?.appId}`],
      appRoles: [{ value: "admin", allowedMemberTypes: ["User", "Application"], isEnabled: true }],
      api: {
        requestedAccessTokenVersion: 2,
        oauth2PermissionScopes: [{ value: "administer", type: "User", isEnabled: true }],
      },
    });
    const scope = api?.api.oauth2PermissionScopes[0]?.id;
    expect(api?.api.preAuthorizedApplications).toEqual([
      { appId: page?.appId, delegatedPermissionIds: [scope] },
      { appId: AZURE_CLI, delegatedPermissionIds: [scope] },
    ]);
    expect(page).toMatchObject({ displayName: "SoCMate API clients (dev): admin page", appRoles: [] });
    expect(principals).toMatchObject([
      { appId: api?.appId, appRoleAssignmentRequired: true },
      { appId: page?.appId, accountEnabled: true },
    ]);
    expect(assignments).toEqual([
      { principalId: USER, resourceId: principals[0]?.id, appRoleId: api?.appRoles[0]?.id },
    ]);
    expect(variables).toEqual({ ADMIN_APPLICATION_ID: api?.appId, CONSOLE_APPLICATION_ID: page?.appId });
    expect(stdout).toContain(`made, application id ${api?.appId}`);
  });

  test("makes nothing twice: with the ids it only looks, without them it completes what is there", () => {
    expect(runHook("preprovision", ENVIRONMENT).ok).toBe(true);
    const first = read();
    const before = changes().length;
    expect(runHook("preprovision", ENVIRONMENT).ok).toBe(true);
    expect(changes()).toHaveLength(before);

    write({ ...first, variables: {} });
    const { ok, stdout } = runHook("preprovision", ENVIRONMENT);
    expect(ok).toBe(true);
    expect(stdout).toContain("was there, look at its owners");
    const { lag, changesLeft, ...second } = read();
    expect(first).toMatchObject(second);
  });

  test("completes registrations where an earlier run failed half-way, which set no id", () => {
    write({ ...read(), changesLeft: 3 });
    expect(runHook("preprovision", ENVIRONMENT).ok).toBe(false);
    expect(read()).toMatchObject({ applications: [{}, {}], principals: [], variables: {} });

    write({ ...read(), changesLeft: 1000 });
    expect(runHook("preprovision", ENVIRONMENT).ok).toBe(true);
    const { applications, principals, assignments, variables } = read();
    expect([applications.length, principals.length, assignments.length]).toEqual([2, 2, 1]);
    expect(Object.keys(variables).sort()).toEqual(["ADMIN_APPLICATION_ID", "CONSOLE_APPLICATION_ID"]);
  });

  test("waits for an application that has not reached every replica", () => {
    write({ ...read(), lag: 1 });
    expect(runHook("preprovision", ENVIRONMENT).ok).toBe(true);
    expect(read().principals).toHaveLength(2);
  });

  test("ends with the words of Microsoft Graph where the user may not make registrations, and sets no id", () => {
    write({ ...read(), changesLeft: 0 });
    const { ok, stderr } = runHook("preprovision", ENVIRONMENT);
    expect(ok).toBe(false);
    expect(stderr).toContain("Insufficient privileges");
    expect(read().variables).toEqual({});
  });

  test("leaves registrations alone that somebody else has made", () => {
    expect(runHook("preprovision", { ...ENVIRONMENT, ...OWN }).ok).toBe(true);
    expect(changes()).toEqual([]);
  });

  test.each<[string, Record<string, string | undefined>, string]>([
    ["a name of the environment that Azure refuses", { AZURE_ENV_NAME: "My_Env" }, "AZURE_ENV_NAME has 2 to 12"],
    ["an environment without a region", { AZURE_LOCATION: undefined }, "azd env set AZURE_LOCATION"],
    ["an environment without an address for alerts", { OPERATORS_EMAIL: undefined }, "azd env set OPERATORS_EMAIL"],
    ["one registration without the other", { ADMIN_APPLICATION_ID: OWN.ADMIN_APPLICATION_ID }, "both, or neither"],
    [
      "an Azure CLI on another subscription, whose tenant may be another",
      { AZURE_SUBSCRIPTION_ID: "99999999-9999-4999-8999-999999999999" },
      "az account set --subscription 99999999",
    ],
    ["a region without Flex Consumption", { AZURE_LOCATION: "northpole" }, "northpole has no Flex Consumption. These"],
    [
      "zones in a region without them",
      { ZONE_REDUNDANT: "true" },
      "westeurope has no Flex Consumption over zones (ZONE_REDUNDANT). These regions have: northeurope",
    ],
  ])("refuses %s, and changes nothing", (_, variables, why) => {
    writeFileSync(join(dir, "calls"), "");
    const { ok, stderr } = runHook("preprovision", { ...ENVIRONMENT, ...variables });
    expect(ok).toBe(false);
    expect(stderr).toContain(why);
    expect(changes()).toEqual([]);
  });
});

describe.skipIf(process.platform === "win32")("the hook postprovision", () => {
  beforeEach(() => {
    expect(runHook("preprovision", ENVIRONMENT).ok).toBe(true);
  });

  test("adds the address of the admin page to its registration once, and keeps other addresses", () => {
    const directory = read();
    const [, page] = directory.applications;
    page?.spa.redirectUris.push("https://other.example.com/console/");
    write(directory);
    expect(runHook("postprovision", OUTPUTS).ok).toBe(true);
    expect(read().applications[1]?.spa.redirectUris).toEqual(["https://other.example.com/console/", PAGE]);
    expect(read().variables).toMatchObject({ CONSOLE_REDIRECT_URI: PAGE });

    const before = calls().length;
    expect(runHook("postprovision", OUTPUTS).stdout).toContain("https://auth.example.com/oauth/token");
    expect(calls()).toHaveLength(before);
  });

  test("says what an owner of the registration has to do where the user may not", () => {
    write({ ...read(), changesLeft: 0 });
    const { ok, stderr } = runHook("postprovision", OUTPUTS);
    expect(ok).toBe(false);
    expect(stderr).toContain(`adds ${PAGE} to the redirect URIs`);
    expect(read().variables).not.toHaveProperty("CONSOLE_REDIRECT_URI");
  });
});

describe.skipIf(process.platform === "win32")("npm run registrations", () => {
  test("makes the same registrations without azd, and prints their ids", () => {
    const { ok, stdout } = runHook("register", {}, "--environment", "production", "--page", PAGE);
    const [api, page] = read().applications;
    expect({ ok, uris: page?.spa.redirectUris }).toEqual({ ok: true, uris: [PAGE] });
    expect(stdout).toContain(`adminApplicationId: ${api?.appId}\nconsoleApplicationId: ${page?.appId}\n`);
    expect(read().variables).toEqual({});
  });

  test("makes the identity of a pipeline an administrator", () => {
    const identity = "88888888-8888-4888-8888-888888888888";
    expect(runHook("register", {}, "--environment", "dev", "--administrator", identity).ok).toBe(true);
    expect(read().assignments.map(({ principalId }) => principalId)).toEqual([identity]);
  });

  test("prints how it is used when it is not told for which installation", () => {
    expect(runHook("register", {}).stderr).toContain("npm run registrations -- --environment");
  });
});

test("azure.yaml runs the same command in both shells, and lets PowerShell pass its exit code on", () => {
  const hooks = readFileSync("azure.yaml", "utf8").split("\nhooks:\n")[1] ?? "";
  const commands = [...hooks.matchAll(/posix:\n +shell: sh\n +run: (.+)\n +windows:\n +shell: pwsh\n +run: (.+)/g)].map(
    ([, posix, windows]) => ({ posix, windows }),
  );
  expect(commands).toHaveLength(4);
  for (const { posix, windows } of commands) expect(windows).toBe(`${posix}; exit $LASTEXITCODE`);
  const { scripts } = JSON.parse(readFileSync("package.json", "utf8"));
  for (const { posix } of commands) expect(scripts).toHaveProperty([posix?.split(" ").at(-1) ?? ""]);
});
