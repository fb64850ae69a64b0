import * as z from "zod";
import type { ConsoleSettings } from "../../shared/model/console-settings.ts";
import { readJson, send } from "../api/http.ts";
import { SessionEnded, type SignIn } from "./sign-in.ts";

const metadataSchema = z.object({ token_endpoint: z.string() });
const tokenSchema = z.object({ access_token: z.string(), expires_in: z.number() });

const ACCOUNT = { name: "Local Administrator" };
/** Survives a reload, as a session at a real issuer does. */
const SIGNED_IN = "signed-in";
const RENEW_BEFORE_MS = 60_000;

/** Sign-in with the development issuer, which gives a token to every page on this machine that asks. */
export function createLocalSignIn({ issuer }: ConsoleSettings): SignIn {
  let token = "";
  let renewAt = 0;

  async function renew(): Promise<string> {
    const { token_endpoint: url } = await readJson(
      await send(`${issuer}/.well-known/openid-configuration`),
      metadataSchema,
    );
    const response = await send(url, { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" });
    const answer = await readJson(response, tokenSchema);
    renewAt = Date.now() + answer.expires_in * 1000 - RENEW_BEFORE_MS;
    token = answer.access_token;
    return token;
  }

  return {
    resume: async () => (sessionStorage.getItem(SIGNED_IN) ? ACCOUNT : undefined),
    async start() {
      await renew();
      sessionStorage.setItem(SIGNED_IN, "true");
      return ACCOUNT;
    },
    async token({ fresh }) {
      if (!sessionStorage.getItem(SIGNED_IN)) throw new SessionEnded();
      return Date.now() < renewAt && !fresh ? token : renew();
    },
    async end() {
      sessionStorage.removeItem(SIGNED_IN);
      token = "";
      renewAt = 0;
    },
  };
}
