import { RestError } from "@azure/data-tables";

/** Makes the error that Azure's SDKs throw for an error status, with the headers of the answer. */
export function azureError(status: number, headers: Record<string, string> = {}, details: object = {}): RestError {
  // Not `code`, which the SDKs leave undefined for single table operations.
  const error = new RestError(`status ${status}`, { statusCode: status });
  return Object.assign(error, { response: { status, headers: new Headers(headers) }, details });
}

/** Makes the error that `@azure/data-tables` throws for an error answer of Table Storage. */
export function tableError(status: number, code: string): RestError {
  return azureError(status, {}, { odataError: { code } });
}

/** Makes the error that the Key Vault SDKs throw for an error answer of Key Vault. */
export function vaultError(status: number, code: string, innerCode?: string): RestError {
  return azureError(status, {}, { error: { code, ...(innerCode && { innerError: { code: innerCode } }) } });
}

/** Makes the error that Azure's SDKs throw for a broken connection: it has no status. */
export function connectionReset(): RestError {
  return new RestError("read ECONNRESET", { code: "ECONNRESET" });
}
