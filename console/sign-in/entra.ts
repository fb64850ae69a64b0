import { AuthError, CacheLookupPolicy, PublicClientApplication } from "@azure/msal-browser";
import type { ConsoleSettings } from "../../shared/model/console-settings.ts";
import { ApiError } from "../api/api-error.ts";
import { PAGE_PATH } from "../settings.ts";
import { refusalWords } from "./entra-refusal.ts";
import { SessionEnded, type SignIn } from "./sign-in.ts";

const NETWORK_ERRORS = ["network_error", "no_network_connectivity", "get_request_failed", "post_request_failed"];

/** Sign-in with Entra ID: authorization code with PKCE, by redirect. MSAL keeps its tokens in the session storage of this tab. */
export async function createEntraSignIn({ issuer, client_id: clientId, scope }: ConsoleSettings): Promise<SignIn> {
  const authority = issuer.replace(/\/v2\.0$/, "");
  const redirectUri = location.origin + PAGE_PATH;
  const msal = new PublicClientApplication({
    auth: {
      clientId,
      authority,
      // Without this MSAL asks another host about the authority, and the page's policy would have to name it.
      knownAuthorities: [new URL(authority).host],
      redirectUri,
      postLogoutRedirectUri: redirectUri,
    },
    cache: { cacheLocation: "sessionStorage" },
  });
  await msal.initialize();
  const scopes = [scope];

  return {
    async resume() {
      const result = await msal.handleRedirectPromise().catch(refused);
      const account = result?.account ?? msal.getActiveAccount() ?? msal.getAllAccounts()[0];
      if (!account) return undefined;
      msal.setActiveAccount(account);
      return { name: account.name ?? account.username };
    },

    async start() {
      await msal.loginRedirect({ scopes, redirectStartPage: location.href });
      // The browser is leaving.
      return new Promise(() => {});
    },

    async token({ fresh }) {
      try {
        // Without the hidden frame that MSAL would try last: the page's policy allows none.
        const cacheLookupPolicy = fresh ? CacheLookupPolicy.RefreshToken : CacheLookupPolicy.AccessTokenAndRefreshToken;
        return (await msal.acquireTokenSilent({ scopes, cacheLookupPolicy })).accessToken;
      } catch (cause) {
        if (!(cause instanceof AuthError)) throw cause;
        if (NETWORK_ERRORS.includes(cause.errorCode)) throw new ApiError("unreachable", { cause });
        throw new SessionEnded("no token without a new sign-in", { cause });
      }
    },

    async end() {
      await msal.logoutRedirect();
    },
  };
}

/** Converts an error of the way back from Entra ID: its own refusal is told as that, and not as a failure of SoCMate. */
function refused(cause: unknown): never {
  if (!(cause instanceof AuthError)) throw cause;
  if (NETWORK_ERRORS.includes(cause.errorCode)) throw new ApiError("unreachable", { cause });
  throw new ApiError("sign-in-refused", { detail: refusalWords(cause.errorCode, cause.errorMessage), cause });
}
