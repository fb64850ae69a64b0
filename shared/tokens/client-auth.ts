import { type ActiveClient, activeClient, type ClientRow } from "../clients/client-row.ts";
import { DUMMY_HASH, secretMatches } from "../clients/client-secret.ts";
import type { ClientStore } from "../clients/client-store.ts";
import { hintOf, replacedSecretsOf } from "../clients/secret-hints.ts";
import { SecretDisabled, type SecretStore } from "../clients/secret-store.ts";
import { decodeFormComponent, type Form } from "../http/form.ts";
import { OAuthError } from "../http/oauth-error.ts";
import type { RequestContext } from "../request/context.ts";
import type { Reason } from "../request/public-error.ts";

/** The credentials of a client, as presented. */
export interface Credentials {
  clientId: string;
  clientSecret: string;
}

/**
 * Reads the credentials of a client from HTTP Basic or from the form (RFC 6749 §2.3.1), well-formed or not. Both together are accepted if
 * they are equal: some SOAR integrations send them, and nothing is ambiguous. An empty Authorization header is treated as absent.
 *
 * @throws OAuthError `invalid_request` for two methods (§2.3), `invalid_client` for none or an unsupported one (§5.2).
 */
export function readCredentials(authorization: string | null, form: Form): Credentials {
  const { client_id: clientId, client_secret: clientSecret } = form;
  const basic = authorization?.trim() ? parseBasic(authorization) : undefined;

  if (form.client_assertion || form.client_assertion_type) {
    if (basic || clientSecret) throw twoMethods();
    throw invalidClient(
      "client_assertion",
      "Authenticate with client_id and client_secret: client assertions are not supported.",
    );
  }
  if (basic) {
    const same =
      (clientId ?? basic.clientId) === basic.clientId && (clientSecret ?? basic.clientSecret) === basic.clientSecret;
    if (!same) throw twoMethods();
    return basic;
  }
  if (!clientId || !clientSecret) throw noCredentials(form);
  return { clientId, clientSecret };
}

/**
 * Authenticates a client by well-formed credentials, against its current row and the hash that the row names. All refusals have the same
 * answer and do the same comparison. Their time is not the same: the vault is read for an active client alone, so its first request on an
 * instance takes longer by that read (SECURITY.md).
 *
 * @throws OAuthError `invalid_client`
 * @throws Unavailable
 */
export async function authenticateClient(
  { clientId, clientSecret }: Credentials,
  stores: ClientStores,
  context: RequestContext,
): Promise<ActiveClient> {
  const [row, hash] = await findWithHash(clientId, stores, context);
  const matches = secretMatches(clientId, clientSecret, hash);
  const known = matches ? undefined : knownSecret(row, clientSecret);
  if (!row) throw refused("unknown_client");
  if (row.status === "disabled" && known) {
    // Nobody uses a disabled client on purpose: a leaked secret is tried, or was planted as a canary, or an integration was forgotten.
    context.alarm("disabled_client_secret", `a secret of the disabled client ${clientId} is in use (${known.note})`);
    throw refused("disabled_client_known_secret", known.note);
  }
  if (row.status === "disabled") throw refused("disabled_client");
  if (!matches) throw refused(known?.isReplaced ? "replaced_secret" : "wrong_secret", known?.note);
  context.audit.actor = clientId;
  return activeClient(row);
}

/** A refused secret that is or was one of the client, with a note for the log. */
interface KnownSecret {
  readonly isReplaced: boolean;
  readonly note: string;
}

/**
 * Tells by its hint that a refused secret was one of the client, for administrators alone: the caller's answer is the same. Every refusal
 * looks through all hints.
 */
function knownSecret(row: ClientRow | undefined, clientSecret: string): KnownSecret | undefined {
  const hint = hintOf(clientSecret);
  const [replaced] = replacedSecretsOf(row).filter((secret) => secret.hint === hint);
  if (replaced) return { isReplaced: true, note: `replaced at ${replaced.replaced_at} by ${replaced.replaced_by}` };
  return row?.secretHint === hint ? { isReplaced: false, note: "not replaced" } : undefined;
}

/** The stores that authentication reads. */
export interface ClientStores {
  clients: Pick<ClientStore, "find">;
  secrets: Pick<SecretStore, "hashOf">;
}

/** Reads the row and the hash that it names, or {@link DUMMY_HASH} for a client that must not authenticate. */
async function findWithHash(
  clientId: string,
  { clients, secrets }: ClientStores,
  context: RequestContext,
): Promise<[ClientRow | undefined, string]> {
  let disabledName: string | undefined;
  while (true) {
    const row = await clients.find(clientId, context);
    if (!row || row.status === "disabled") return [row, DUMMY_HASH];
    const { secretName } = activeClient(row);
    if (secretName === disabledName) {
      context.alarm("secret_disabled", "the vault secret of an active client is disabled");
      return [row, DUMMY_HASH];
    }
    try {
      return [row, await secrets.hashOf(secretName)];
    } catch (error) {
      if (!(error instanceof SecretDisabled)) throw error;
      // A regenerate between the two reads disables the old name too, so the row is read again before the client is refused.
      disabledName = secretName;
    }
  }
}

/** Base64 text with the line ends of base64 (76 characters) or OpenSSL (64), which a shell or a header field turns into spaces. */
const WRAPPED_BASIC = /^Basic +(([A-Za-z0-9+/]{76}\s)+|([A-Za-z0-9+/]{64}\s)+)[A-Za-z0-9+/]+={0,2}$/i;

/** Parses HTTP Basic (RFC 7617 §2), whose two parts are form-encoded before Base64 (RFC 6749 §2.3.1). The scheme ignores case. */
function parseBasic(authorization: string): Credentials {
  const header = authorization.trim();
  if (WRAPPED_BASIC.test(header)) throw wrappedBasic();
  const [, encoded] = /^Basic +([A-Za-z0-9+/]+={0,2})$/i.exec(header) ?? [];
  const decoded = Buffer.from(encoded ?? "", "base64").toString("utf8");
  const colon = decoded.indexOf(":");
  const clientId = decodeFormComponent(decoded.slice(0, colon));
  const clientSecret = decodeFormComponent(decoded.slice(colon + 1));
  if (colon < 1 || !clientId || !clientSecret) {
    throw invalidClient(
      "malformed_authorization",
      "The Authorization header is not HTTP Basic: send Basic and the Base64 form of client_id:client_secret.",
    );
  }
  return { clientId, clientSecret };
}

function wrappedBasic(): OAuthError {
  return invalidClient(
    "malformed_authorization",
    "The Base64 text in the Authorization header has white space in it: write it in one piece (base64 -w0 does).",
    "white space",
  );
}

function noCredentials(form: Form): OAuthError {
  const missing = (["client_id", "client_secret"] as const).filter((name) => !form[name]);
  return invalidClient(
    "no_credentials",
    `Send client_id and client_secret in the form, or as HTTP Basic. Missing: ${missing.join(", ")}.`,
  );
}

function twoMethods(): OAuthError {
  return new OAuthError("invalid_request", {
    detail: "Authenticate in one way: credentials in the form and in the Authorization header differ.",
    reason: "two_authentication_methods",
  });
}

/** Creates the one answer to well-formed credentials that do not count: identical for every reason, so that it does not tell whether a client exists. */
function refused(reason: Reason, note?: string): OAuthError {
  return invalidClient(
    reason,
    "The client is unknown or disabled, or its secret is wrong: check client_id and client_secret.",
    note,
  );
}

function invalidClient(reason: Reason, detail: string, note?: string): OAuthError {
  return new OAuthError("invalid_client", { detail, reason, note });
}
