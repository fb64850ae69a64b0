import { randomUUID } from "node:crypto";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";

// The commands `az` and `azd` of the hooks' tests: `fake-az.ts az rest …`. It records each call, keeps a directory of applications between
// calls, and refuses what the command and Microsoft Graph refuse, with their words.

/** What the fake keeps in its folder. */
export interface Directory {
  readonly applications: Application[];
  readonly principals: { appId: string; id: string; [member: string]: unknown }[];
  readonly assignments: { principalId: string; resourceId: string; appRoleId: string }[];
  readonly variables: Record<string, string>;
  /** How many requests for a new service principal fail yet, since the application has not reached every replica. */
  lag: number;
  /** How many changes the user may make yet. */
  changesLeft: number;
}

interface Application {
  readonly id: string;
  readonly appId: string;
  readonly uniqueName: string;
  displayName?: string;
  identifierUris: string[];
  appRoles: { id: string; isEnabled: boolean }[];
  api: {
    oauth2PermissionScopes: { id: string; isEnabled: boolean }[];
    preAuthorizedApplications: { appId: string; delegatedPermissionIds: string[] }[];
  };
  spa: { redirectUris: string[] };
}

type Changes = Partial<Omit<Application, "id" | "appId" | "uniqueName">>;

/** The subscription and the user of the Azure CLI. */
export const SUBSCRIPTION = "11111111-1111-1111-1111-111111111111";
export const USER = "77777777-7777-4777-8777-777777777777";

const FLEX = ["West Europe", "northeurope", "westus2"];
const FLEX_ZONES = ["northeurope"];

class Refusal extends Error {}

const { FAKE_AZ_DIR: dir = "" } = process.env;

function answer(): void {
  const words = process.argv.slice(2);
  appendFileSync(join(dir, "calls"), `${JSON.stringify(words)}\n`);
  const path = join(dir, "directory.json");
  const directory = JSON.parse(readFileSync(path, "utf8"));
  try {
    const result = runCommand(words, directory);
    if (result !== undefined) console.log(typeof result === "string" ? result : JSON.stringify(result));
  } catch (error) {
    console.error(`ERROR: ${error instanceof Error ? error.message : error}`);
    process.exitCode = error instanceof Refusal ? 1 : 2;
  }
  writeFileSync(path, JSON.stringify(directory));
}

function runCommand(words: string[], directory: Directory): unknown {
  const length = words.findIndex((word) => word.startsWith("-"));
  const command = words.slice(0, length === -1 ? undefined : length).join(" ");
  const flags = length === -1 ? [] : words.slice(length);
  switch (command) {
    case "az account show":
      read(flags, "output");
      return { id: SUBSCRIPTION, user: { type: "user", name: "somebody@yourcompany.com" } };
    case "az ad signed-in-user show":
      read(flags, "output");
      return { id: USER };
    case "az functionapp list-flexconsumption-locations": {
      const zones = read(flags, "output", "zone-redundant")["zone-redundant"] === "true";
      return (zones ? FLEX_ZONES : FLEX).map((name) => ({ name }));
    }
    case "az rest":
      return request(read(flags, "method", "url", "headers", "body"), directory);
    default:
      return setVariable(words, directory);
  }
}

function read(flags: string[], ...names: string[]): Record<string, string | undefined> {
  const options = Object.fromEntries(names.map((name) => [name, { type: "string" as const }]));
  return parseArgs({ args: flags, options }).values as Record<string, string | undefined>;
}

function setVariable(words: string[], directory: Directory): void {
  const [azd, env, set, name = "", value, ...rest] = words;
  const isKnown = [azd, env, set].join(" ") === "azd env set" && value !== undefined && rest.length === 0;
  if (!isKnown) throw new Error(`'${words.join(" ")}' is misspelled or not recognized by the system.`);
  directory.variables[name] = value;
}

interface Call {
  readonly key: "appId" | "uniqueName";
  readonly value: string;
  readonly body: Changes;
  readonly mayCreate: boolean;
  readonly directory: Directory;
  /** The application of the address, if there is one. */
  readonly application: Application | undefined;
}

function request(
  { method, url = "", headers, body }: Record<string, string | undefined>,
  directory: Directory,
): unknown {
  const [, kind = "", key, value = "", rest = ""] =
    /^https:\/\/graph\.microsoft\.com\/v1\.0\/(\w+)\((appId|uniqueName)='([^']+)'\)(\/\w+)?$/.exec(url) ?? [];
  const operation = GRAPH[`${method} ${kind}${rest}`];
  if (!operation) throw new Error(`Graph has no ${method} ${url}`);
  if (body !== undefined && !body.startsWith("@")) throw new Error("The body is not in a file.");
  if (method !== "GET" && directory.changesLeft-- <= 0)
    throw refusal("Authorization_RequestDenied: Insufficient privileges");
  const application = directory.applications.find((one) => one[key as Call["key"]] === value);
  return operation({
    key: key as Call["key"],
    value,
    body: body === undefined ? {} : JSON.parse(readFileSync(body.slice(1), "utf8")),
    mayCreate: headers === "Prefer=create-if-missing",
    directory,
    application,
  });
}

/** What the hooks ask of Microsoft Graph. */
const GRAPH: Record<string, (call: Call) => unknown> = {
  "GET applications": ({ application }) => found(application),

  "PATCH applications": ({ key, value, body, mayCreate, directory, application }) => {
    if (application) return change(application, body);
    if (key !== "uniqueName" || !mayCreate) throw refusal("Request_ResourceNotFound");
    if (!body.displayName) throw refusal("Request_BadRequest: displayName is required");
    const made: Application = {
      id: randomUUID(),
      appId: randomUUID(),
      uniqueName: value,
      identifierUris: [],
      appRoles: [],
      api: { oauth2PermissionScopes: [], preAuthorizedApplications: [] },
      spa: { redirectUris: [] },
    };
    change(made, body);
    directory.applications.push(made);
    return made;
  },

  "GET servicePrincipals": ({ value, directory }) => found(directory.principals.find(({ appId }) => appId === value)),

  "PATCH servicePrincipals": ({ value, body, mayCreate, directory, application }) => {
    if (!application || directory.lag-- > 0) throw refusal("NoBackingApplicationObject");
    const principal = directory.principals.find(({ appId }) => appId === value);
    if (principal) return void Object.assign(principal, body);
    if (!mayCreate) throw refusal("Request_ResourceNotFound");
    const made = { id: randomUUID(), appId: application.appId, ...body };
    directory.principals.push(made);
    return made;
  },

  "GET servicePrincipals/appRoleAssignedTo": ({ directory }) => ({ value: directory.assignments }),

  "POST servicePrincipals/appRoleAssignedTo": ({ body, directory, application }) => {
    const assignment = body as Directory["assignments"][number];
    const isThere = directory.assignments.some((one) => JSON.stringify(one) === JSON.stringify(assignment));
    if (isThere) throw refusal("Request_BadRequest: Permission being assigned already exists on the object");
    if (!application?.appRoles.some(({ id }) => id === assignment.appRoleId)) {
      throw refusal("Request_BadRequest: Permission being assigned was not found on application");
    }
    directory.assignments.push(assignment);
    return assignment;
  },
};

function found<T>(object: T | undefined): T {
  if (object === undefined) throw refusal("Request_ResourceNotFound");
  return object;
}

/** Changes an application by the rules of https://learn.microsoft.com/graph/api/application-update. */
function change(application: Application, body: Changes): void {
  const scopes = application.api.oauth2PermissionScopes;
  for (const { delegatedPermissionIds } of body.api?.preAuthorizedApplications ?? []) {
    const unknown = delegatedPermissionIds.find((id) => !scopes.some((scope) => scope.id === id));
    if (unknown) throw refusal(`Request_BadRequest: ${unknown} is not a permission of the application`);
  }
  for (const [before, after] of [
    [application.appRoles, body.appRoles],
    [scopes, body.api?.oauth2PermissionScopes],
  ] as const) {
    const removed = after && before.find(({ id, isEnabled }) => isEnabled && !after.some((one) => one.id === id));
    if (removed) throw refusal("CannotDeleteOrUpdateEnabledEntitlement");
  }
  if (body.identifierUris?.some((uri) => uri !== `api://${application.appId}`)) {
    throw refusal("Request_BadRequest: identifierUris must hold the application id, the tenant or a verified domain");
  }
  if (body.spa?.redirectUris.some((uri) => !uri.startsWith("https://"))) throw refusal("InvalidRedirectUri");
  const { api, ...rest } = body;
  Object.assign(application, rest);
  Object.assign(application.api, api);
}

function refusal(code: string): Refusal {
  return new Refusal(`Bad Request({"error":{"code":"${code}"}})`);
}

if (dir) answer();
