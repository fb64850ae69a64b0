import * as z from "zod";

/** What the admin page has to know of its deployment; it is served as `/console/config.json` and holds nothing confidential. */
export const consoleSettingsSchema = z.object({
  /** `entra`: with a redirect to Entra ID. `local`: the development issuer gives a token to whoever asks. */
  sign_in: z.enum(["entra", "local"]),
  /** The issuer of admin tokens. */
  issuer: z.string(),
  /** The page's app registration at that issuer. */
  client_id: z.string(),
  /** What the page asks for, so that its token is one for the admin API. */
  scope: z.string(),
  token_endpoint: z.string(),
  token_lifetime_seconds: z.number(),
});
export type ConsoleSettings = z.output<typeof consoleSettingsSchema>;
