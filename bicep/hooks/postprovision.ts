import { z } from "zod";
import { run, runHook } from "./commands.ts";
import { ensureRedirectUri } from "./registrations.ts";

// azd runs this after it deployed the templates (azure.yaml): the address of the admin page is known now.

const environmentSchema = z.object({
  TOKEN_ISSUER: z.url(),
  ADMIN_URL: z.url(),
  CONSOLE_APPLICATION_ID: z.guid(),
  // What was set last: an identity that may not read the registration has nothing to do then.
  CONSOLE_REDIRECT_URI: z.string().optional(),
});

await runHook(async () => {
  const { TOKEN_ISSUER, ADMIN_URL, CONSOLE_APPLICATION_ID, CONSOLE_REDIRECT_URI } = environmentSchema.parse(
    process.env,
  );
  const page = `${ADMIN_URL}/console/`;
  if (CONSOLE_REDIRECT_URI !== page) {
    await ensureRedirectUri(CONSOLE_APPLICATION_ID, page).catch((error: Error) => {
      throw new Error(
        `${error.message}\nAn owner of the registration ${CONSOLE_APPLICATION_ID} adds ${page} to the redirect URIs of its single-page application, then: azd env set CONSOLE_REDIRECT_URI ${page}`,
      );
    });
    run("azd", "env", "set", "CONSOLE_REDIRECT_URI", page);
  }
  console.log(`Token endpoint: ${TOKEN_ISSUER}/oauth/token\nAdmin page: ${page}`);
});
