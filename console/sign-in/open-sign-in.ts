import type { ConsoleSettings } from "../../shared/model/console-settings.ts";
import { ApiError } from "../api/api-error.ts";
import { createLocalSignIn } from "./local.ts";
import type { Account, SignIn } from "./sign-in.ts";

/** The sign-in of this deployment, and its state. */
export interface OpenedSignIn {
  signIn: SignIn;
  account: Account | undefined;
  /** The refusal with which the issuer sent the administrator back. */
  refusal: ApiError | undefined;
}

/** Opens the sign-in that the settings select. MSAL is fetched only for Entra ID. Throws an `ApiError` without storage. */
export async function openSignIn(settings: ConsoleSettings): Promise<OpenedSignIn> {
  checkStorage();
  const signIn =
    settings.sign_in === "entra"
      ? await (await import("./entra.ts")).createEntraSignIn(settings)
      : createLocalSignIn(settings);
  try {
    return { signIn, account: await signIn.resume(), refusal: undefined };
  } catch (error) {
    if (!(error instanceof ApiError && error.kind === "sign-in-refused")) throw error;
    return { signIn, account: undefined, refusal: error };
  }
}

/** A sign-in by redirect finds its way back through storage: without it the page would lead to the issuer for ever. */
function checkStorage(): void {
  try {
    sessionStorage.setItem("storage", "works");
    sessionStorage.removeItem("storage");
  } catch (cause) {
    throw new ApiError("storage-blocked", { cause });
  }
}
