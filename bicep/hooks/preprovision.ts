import { z } from "zod";
import { run, runHook } from "./commands.ts";
import { ensureAdministrator, ensureRegistrations } from "./registrations.ts";

// azd runs this before it deploys the templates (azure.yaml): it refuses what Azure would refuse without a reason, and makes the app
// registrations where the environment has none.

const applicationId = z.union([z.literal(""), z.guid()]).default("");

const environmentSchema = z.object({
  AZURE_ENV_NAME: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,10}[a-z0-9]$/, "has 2 to 12 lower-case letters, digits and, inside, hyphens"),
  AZURE_SUBSCRIPTION_ID: z.guid("is missing: azd env set AZURE_SUBSCRIPTION_ID <id>"),
  AZURE_LOCATION: z.string("is missing: azd env set AZURE_LOCATION <region>"),
  OPERATORS_EMAIL: z.email("is missing: azd env set OPERATORS_EMAIL <address that alerts go to>"),
  ZONE_REDUNDANT: z.enum(["true", "false"]).default("false"),
  ADMIN_APPLICATION_ID: applicationId,
  CONSOLE_APPLICATION_ID: applicationId,
});
type Environment = z.infer<typeof environmentSchema>;

const accountSchema = z.object({ id: z.string(), user: z.object({ type: z.string() }) });

await runHook(async () => {
  const environment = readEnvironment();
  const account = accountSchema.parse(JSON.parse(run("az", "account", "show", "--output", "json")));
  if (account.id !== environment.AZURE_SUBSCRIPTION_ID) {
    throw new Error(
      `The Azure CLI works on another subscription: az account set --subscription ${environment.AZURE_SUBSCRIPTION_ID}`,
    );
  }
  checkRegion(environment);
  if (!environment.ADMIN_APPLICATION_ID) await register(environment, account.user.type === "user");
});

function readEnvironment(): Environment {
  const { data, error } = environmentSchema.safeParse(process.env);
  if (error) throw new Error(error.issues.map(({ path, message }) => `${path.join()} ${message}`).join("\n"));
  if (!data.ADMIN_APPLICATION_ID !== !data.CONSOLE_APPLICATION_ID) {
    throw new Error("Set ADMIN_APPLICATION_ID and CONSOLE_APPLICATION_ID both, or neither to have both made.");
  }
  return data;
}

/** Elsewhere the deployment of the apps ends with 400 and no reason. */
function checkRegion({ AZURE_LOCATION, ZONE_REDUNDANT }: Environment): void {
  const zones = ZONE_REDUNDANT === "true" ? ["--zone-redundant=true"] : [];
  const listed = run("az", "functionapp", "list-flexconsumption-locations", ...zones, "--output", "json");
  const regions = z.array(z.object({ name: z.string() })).parse(JSON.parse(listed));
  const names = regions.map(({ name }) => plain(name)).sort();
  if (names.includes(plain(AZURE_LOCATION))) return;
  const what = zones.length === 0 ? "Flex Consumption" : "Flex Consumption over zones (ZONE_REDUNDANT)";
  throw new Error(`${AZURE_LOCATION} has no ${what}. These regions have: ${names.join(", ")}`);
}

/** The ids are set last: a run that failed half-way is repeated by the next one. */
async function register({ AZURE_ENV_NAME }: Environment, isUser: boolean): Promise<void> {
  const { api, page } = await ensureRegistrations(AZURE_ENV_NAME);
  if (isUser) await ensureAdministrator(api);
  run("azd", "env", "set", "CONSOLE_APPLICATION_ID", page);
  run("azd", "env", "set", "ADMIN_APPLICATION_ID", api);
}

function plain(region: string): string {
  return region.toLowerCase().replaceAll(" ", "");
}
