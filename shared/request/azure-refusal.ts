import * as z from "zod";

/** The error codes of an answer of Azure. */
export interface AzureErrorCodes {
  readonly code?: string | undefined;
  /** The more precise code of Key Vault: its outer one is `Forbidden` for a missing role and for a disabled secret alike. */
  readonly innerCode?: string | undefined;
}

/** A definite refusal of a call to Azure. */
export interface Refusal {
  /** The name of the call in the log, e.g. `vault set secret`. */
  readonly call: string;
  readonly status: number;
  readonly code: string | undefined;
}

const keyVaultError = z.object({
  code: z.string(),
  innerError: z.object({ code: z.string() }).optional().catch(undefined),
});
const tableError = z.object({ code: z.string() });
/** What the SDKs put into the `details` of an error: the clients of Key Vault `error`, the one of Table Storage `odataError`. */
const errorBody = z.object({
  details: z.object({
    error: keyVaultError.optional().catch(undefined),
    odataError: tableError.optional().catch(undefined),
  }),
});

/** Reads the error codes of an answer of Azure. There are none in an answer of something else, such as a proxy. */
export function errorCodesOf(error: unknown): AzureErrorCodes {
  const { error: keyVault, odataError: table } = errorBody.safeParse(error).data?.details ?? {};
  return { code: keyVault?.code ?? table?.code, innerCode: keyVault?.innerError?.code };
}

/** Returns the most precise code as far as it may be shown: it comes from outside, and a code of Azure is one short word. */
export function shownCodeOf(error: unknown): string | undefined {
  const { code, innerCode } = errorCodesOf(error);
  return [innerCode, code].find((candidate) => candidate !== undefined && /^[A-Za-z0-9_]{1,64}$/.test(candidate));
}

/** Names a refusal for the log: `vault set secret: 403 ForbiddenByRbac`. */
export function noteOf({ call, status, code }: Refusal): string {
  return [`${call}: ${status}`, code].filter(Boolean).join(" ");
}

/** Tells an administrator about a refusal: who refused, with which code, that nothing was changed, and what helps. */
export function detailOf(refusal: Refusal): string {
  const answer = [refusal.status, refusal.code].filter(Boolean).join(" ");
  return `Azure refused: ${serviceOf(refusal)} answered ${answer}. Nothing was changed, and trying again immediately does not help. ${remedyOf(refusal)}`;
}

// Key Vault: learn.microsoft.com, "Common error codes for Azure Key Vault" and "Diagnose private links configuration issues on Azure Key
// Vault"; ForbiddenByRbac and ForbiddenByConnection as its answers have them. Storage: "Status and error codes" of its REST API;
// AuthorizationFailure is the answer of its firewall.
const MISSING_ROLE = ["ForbiddenByRbac", "AccessDenied", "AuthorizationPermissionMismatch"];
const NETWORK = ["ForbiddenByFirewall", "ForbiddenByConnection", "AuthorizationFailure"];

/** Says what an operator has to do about a refusal. */
export function remedyOf({ call, status, code = "" }: Refusal): string {
  // The time is that of learn.microsoft.com, "Troubleshoot Azure RBAC", for a changed role assignment.
  if (MISSING_ROLE.includes(code))
    return "An operator must give the app its role there. A role assignment, also that of a first deployment, needs up to 10 minutes to take effect.";
  if (NETWORK.includes(code)) return "An operator must let the app through the network rules there.";
  if (code === "SecretNotFound") return "The hash of a client is gone: an administrator must regenerate its secret.";
  if (status === 404) return "An operator must correct its address in the settings, or create what is missing there.";
  // Key Vault has no published code for a refusal by Azure Policy: it is a 403 like others.
  if (/^vault (set|disable|renew) secret$/.test(call))
    return "If a policy demands an expiry date for secrets, an operator must set SECRET_HASH_EXPIRY_DAYS or exempt the vault. Else an operator must check the policies, the app's role and the network rules there.";
  return "An operator must check the app's role, the network rules and the policies there.";
}

function serviceOf({ call }: Refusal): string {
  if (call.startsWith("table ")) return "the table of clients (Table Storage)";
  return call.includes("secret") ? "the vault of the secret hashes (Key Vault)" : "a signing vault (Key Vault)";
}
