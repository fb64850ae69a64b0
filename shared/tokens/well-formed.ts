import { isClientSecret } from "../clients/client-secret.ts";
import { OAuthError } from "../http/oauth-error.ts";
import { isClientId } from "../model/client.ts";
import { SECRET_DIGITS, SECRET_PREFIX } from "../model/secret-pattern.ts";
import type { Audit } from "../request/context.ts";
import type { Reason } from "../request/public-error.ts";
import type { Credentials } from "./client-auth.ts";
import { strayCharacter } from "./stray-character.ts";

/**
 * Returns credentials that a client may have, by their form and the check sum of the secret. Any others are refused with what the input
 * itself shows. No store is asked, so the answer tells nothing about any client.
 *
 * @throws OAuthError `invalid_client`
 */
export function wellFormed({ clientId, clientSecret }: Credentials, audit: Audit): Credentials {
  refuseStrayCharacter("malformed_client_id", "client_id", clientId);
  if (clientId.startsWith(SECRET_PREFIX)) throw secretAsId(clientSecret);
  if (!isClientId(clientId)) {
    throw malformed(
      "malformed_client_id",
      "client_id does not have the form of a client id: copy it again. A client id has lower-case letters, digits and hyphens.",
    );
  }
  audit.client_id = clientId;
  refuseStrayCharacter("malformed_secret", "client_secret", clientSecret);
  if (!isClientSecret(clientSecret)) {
    throw malformed(
      "malformed_secret",
      `client_secret is not complete, or was changed: copy it again. A client secret is ${SECRET_PREFIX} and ${SECRET_DIGITS} letters and digits.`,
    );
  }
  return { clientId, clientSecret };
}

function refuseStrayCharacter(reason: Reason, name: string, value: string): void {
  const stray = strayCharacter(value);
  if (!stray) return;
  const hint = stray.startsWith("a line break") ? " (echo adds a line break, printf does not)" : "";
  throw malformed(reason, `${name} has ${stray}: send it without${hint}.`, stray);
}

function secretAsId(clientSecret: string): OAuthError {
  const areSwapped = isClientId(clientSecret.trim());
  const fault = areSwapped ? "client_id and client_secret are swapped" : "client_id holds a client secret";
  return malformed(
    "malformed_client_id",
    `${fault}: send the client id as client_id, and the secret as client_secret.`,
    areSwapped ? "swapped" : "a client secret",
  );
}

function malformed(reason: Reason, detail: string, note?: string): OAuthError {
  return new OAuthError("invalid_client", { detail, reason, note });
}
