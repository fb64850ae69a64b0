import * as z from "zod";

/** The schema of the settings of the admin page, served as `/console/config.json`. They are public. */
export const consoleSettingsSchema = z.object({
  /** `entra`: by redirect to Entra ID. `local`: by the development issuer, which asks for no password. */
  sign_in: z.enum(["entra", "local"]),
  /** The issuer of admin tokens. */
  issuer: z.string(),
  /** The app registration of the page at that issuer. */
  client_id: z.string(),
  /** The scope of the admin API. */
  scope: z.string(),
  token_endpoint: z.string(),
  token_lifetime_seconds: z.number(),
});
/** The settings of the admin page. */
export type ConsoleSettings = z.output<typeof consoleSettingsSchema>;
