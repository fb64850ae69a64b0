import type { ConsoleSettings } from "../../shared/model/console-settings.ts";
import { createLocalSignIn } from "./local.ts";
import type { Account, SignIn } from "./sign-in.ts";

/** The way to sign in that this deployment has, and who is signed in already. */
export interface OpenedSignIn {
  signIn: SignIn;
  account: Account | undefined;
}

/** Opens the way to sign in that the settings name; MSAL is fetched only where it is needed. */
export async function openSignIn(settings: ConsoleSettings): Promise<OpenedSignIn> {
  const signIn =
    settings.sign_in === "entra"
      ? await (await import("./entra.ts")).createEntraSignIn(settings)
      : createLocalSignIn(settings);
  return { signIn, account: await signIn.resume() };
}
