import { HttpError } from "../server/http-server.ts";

/** Returns an error with the body that Key Vault sends. */
export function vaultError(status: number, code: string, message: string, innererror?: string): HttpError {
  return new HttpError(status, { error: { code, message, ...(innererror && { innererror: { code: innererror } }) } });
}
