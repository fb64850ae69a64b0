import { isIP } from "node:net";
import { containsClientSecret } from "../model/secret-pattern.ts";
import type { HttpRequest } from "./http-request.ts";

/**
 * The headers that may name the address of a caller, for the setting `CALLER_ADDRESS`. Each is written by the party in front of the app:
 * the front end of App Service appends to the first, Front Door and the policies of API Management write the second.
 */
export const ADDRESS_HEADERS = ["X-Forwarded-For", "X-Azure-SocketIP"] as const;
/** A header that may name the address of a caller. */
export type AddressHeader = (typeof ADDRESS_HEADERS)[number];

const MAX_USER_AGENT_LENGTH = 120;

/** Describes the sender of a request, for the log. A field that is absent, malformed or that the sender may have forged is left out. */
export function callerOf(request: HttpRequest, header: AddressHeader | undefined) {
  return { address: header && addressOf(request, header), user_agent: userAgentOf(request) };
}

/** Returns the last address in the header: those before it came with the request. */
function addressOf(request: HttpRequest, header: AddressHeader): string | undefined {
  const value = header === "X-Forwarded-For" ? request.forwardedFor?.() : request.headers.get(header);
  const entry = value?.split(",").at(-1)?.trim() ?? "";
  // The front end appends a port, and puts IPv6 in brackets then.
  const address = isIP(entry) ? entry : entry.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
  // A zone (fe80::1%...) is any text.
  return isIP(address) && !address.includes("%") ? address : undefined;
}

/** Returns the start of `User-Agent` in printable ASCII; nothing of one that holds a client secret. */
function userAgentOf({ headers }: HttpRequest): string | undefined {
  const sent = headers.get("user-agent");
  if (!sent || containsClientSecret(sent)) return undefined;
  return sent.slice(0, MAX_USER_AGENT_LENGTH).replace(/[^\x20-\x7e]/g, "?");
}
