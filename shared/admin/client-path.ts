import type { HttpRequest } from "../http/http-request.ts";
import { isClientId } from "../model/client.ts";
import type { RequestContext } from "../request/context.ts";
import { PublicError } from "../request/public-error.ts";

/**
 * Returns the client id in the path of a request. An invalid id never reaches a store.
 *
 * @throws PublicError 404
 */
export function clientIdOf(request: HttpRequest, context: RequestContext): string {
  const clientId = request.params.client_id ?? "";
  if (!isClientId(clientId)) throw unknownClient();
  context.audit.client_id = clientId;
  return clientId;
}

/** Creates the 404 for an unknown client. */
export function unknownClient(): PublicError {
  return new PublicError(404, { detail: "There is no API client with this client_id.", reason: "unknown_client" });
}
