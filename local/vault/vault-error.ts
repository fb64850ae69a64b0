import { HttpError } from "../server/http-server.ts";

/** Key Vault's error answer. */
export function vaultError(status: number, code: string, message: string, innererror?: string): HttpError {
  return new HttpError(status, { error: { code, message, ...(innererror && { innererror: { code: innererror } }) } });
}
