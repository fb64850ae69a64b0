import { z } from "zod";
import { graph, run } from "./commands.ts";

/** The app role of an administrator; `adminRole` of main.bicep. */
const ADMIN_ROLE = {
  id: "6f0c2f0e-6a55-4a6e-9d59-6d7e0f3b8f11",
  value: "admin",
  displayName: "Administrator of API clients",
  description: "Creates, lists, regenerates and disables SoCMate API clients.",
  allowedMemberTypes: ["User", "Application"],
  isEnabled: true,
};

/** The scope that lets an application act for an administrator; `adminScope` of main.bicep. */
const ADMINISTER_SCOPE = {
  id: "925d6fa4-88ec-4f75-af58-772e36e1e284",
  value: "administer",
  type: "User",
  adminConsentDisplayName: "Administer API clients",
  adminConsentDescription: "Administer API clients as the signed-in user",
  isEnabled: true,
};

/** Application id of the Azure CLI in every tenant; `adminClientIds` of main.bicep. */
const AZURE_CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";

// Creates what is missing, and changes what is there to what is said (https://learn.microsoft.com/graph/api/application-upsert,
// https://learn.microsoft.com/graph/api/serviceprincipal-upsert).
const UPSERT = "Prefer=create-if-missing";

const applicationSchema = z.object({ appId: z.guid() });
const principalSchema = z.object({ id: z.guid() });
const assignmentsSchema = z.object({ value: z.array(z.object({ principalId: z.guid(), appRoleId: z.guid() })) });
const redirectSchema = z.object({ spa: z.object({ redirectUris: z.array(z.url()) }) });

/** Application ids of the registrations of an installation. */
export interface Registrations {
  readonly api: string;
  readonly page: string;
}

/**
 * Makes the two app registrations of an installation, or completes them: that of the admin API, with version 2 tokens, the role of an
 * administrator and the scope `administer`, and that of the admin page, which may ask for the scope without consent, as the Azure CLI may.
 */
export async function ensureRegistrations(environment: string): Promise<Registrations> {
  const scopes = { requestedAccessTokenVersion: 2, oauth2PermissionScopes: [ADMINISTER_SCOPE] };
  const api = await ensureApplication(`socmate-api-clients-${environment}`, {
    displayName: `SoCMate API clients (${environment})`,
    appRoles: [ADMIN_ROLE],
    api: scopes,
  });
  const page = await ensureApplication(`socmate-api-clients-${environment}-page`, {
    displayName: `SoCMate API clients (${environment}): admin page`,
  });
  // In a second step: Graph refuses the id of a scope that the registration does not have yet.
  const preAuthorizedApplications = [page, AZURE_CLI].map((appId) => ({
    appId,
    delegatedPermissionIds: [ADMINISTER_SCOPE.id],
  }));
  await graph("PATCH", `applications(appId='${api}')`, {
    identifierUris: [`api://${api}`],
    api: { ...scopes, preAuthorizedApplications },
  });
  // Only users with the role get a token at all.
  await graph("PATCH", `servicePrincipals(appId='${api}')`, { appRoleAssignmentRequired: true }, UPSERT);
  await graph("PATCH", `servicePrincipals(appId='${page}')`, { accountEnabled: true }, UPSERT);
  return { api, page };
}

/** Gives the role of an administrator to a user, a group or the identity of an application: by its object id, or to the user of the Azure CLI. */
export async function ensureAdministrator(api: string, objectId = signedInUser()): Promise<void> {
  const principal = principalSchema.parse(await graph("GET", `servicePrincipals(appId='${api}')`));
  const assignments = `servicePrincipals(appId='${api}')/appRoleAssignedTo`;
  const { value } = assignmentsSchema.parse(await graph("GET", assignments));
  if (value.some(({ principalId, appRoleId }) => principalId === objectId && appRoleId === ADMIN_ROLE.id)) return;
  const assignment = { principalId: objectId, resourceId: principal.id, appRoleId: ADMIN_ROLE.id };
  await graph("POST", assignments, assignment);
  console.log(`${objectId} has the app role admin now.`);
}

function signedInUser(): string {
  return principalSchema.parse(JSON.parse(run("az", "ad", "signed-in-user", "show", "--output", "json"))).id;
}

/** Lets Entra ID send administrators back to the admin page. Other addresses of the registration stay. */
export async function ensureRedirectUri(page: string, uri: string): Promise<void> {
  const path = `applications(appId='${page}')`;
  const { redirectUris } = redirectSchema.parse(await graph("GET", path)).spa;
  if (redirectUris.includes(uri)) return;
  await graph("PATCH", path, { spa: { redirectUris: [...redirectUris, uri] } });
  console.log(`Sign-in returns to ${uri}.`);
}

async function ensureApplication(
  uniqueName: string,
  application: { displayName: string; appRoles?: object[]; api?: object },
): Promise<string> {
  const path = `applications(uniqueName='${uniqueName}')`;
  const made = await graph("PATCH", path, { signInAudience: "AzureADMyOrg", ...application }, UPSERT);
  const { appId } = applicationSchema.parse(made ?? (await graph("GET", path)));
  // Whoever owns a registration can change who administers.
  console.log(
    `${application.displayName}: ${made ? "made" : "was there, look at its owners"}, application id ${appId}`,
  );
  return appId;
}
