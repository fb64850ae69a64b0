import { parseArgs } from "node:util";
import { runHook } from "./commands.ts";
import { ensureAdministrator, ensureRedirectUri, ensureRegistrations } from "./registrations.ts";

// `npm run registrations -- --environment <name> [--page <address of the admin page>] [--administrator <object id>]`: makes the app
// registrations without azd, and makes you, or the object, an administrator. It can be run again.

const USAGE = "npm run registrations -- --environment production --page https://api.socmate.yourcompany.com/console/";
const OPTIONS = {
  environment: { type: "string" },
  page: { type: "string" },
  administrator: { type: "string" },
} as const;

await runHook(async () => {
  const { values } = parseArgs({ options: OPTIONS });
  if (!values.environment) throw new Error(USAGE);
  const { api, page } = await ensureRegistrations(values.environment);
  await ensureAdministrator(api, values.administrator);
  if (values.page) await ensureRedirectUri(page, values.page);
  console.log(`adminApplicationId: ${api}\nconsoleApplicationId: ${page}`);
});
