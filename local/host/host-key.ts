import type { IncomingMessage } from "node:http";

const KEY_HEADER = "x-functions-key";

/**
 * Whether a request has the host's key: in the header, or without that header in the query's `code`
 * (azure-functions-host, AuthenticationLevelHandler.cs).
 */
export function hasHostKey({ headers, url = "" }: IncomingMessage, hostKey: string): boolean {
  const query = new URLSearchParams(url.split(/\?(.*)/s, 2)[1]);
  const code = [...query].find(([name]) => name.toLowerCase() === "code")?.[1];
  return (headers[KEY_HEADER] ?? code) === hostKey;
}

/** Replaces the key of a request by the host's, and names the address of the caller, as the policies of API Management do. */
export function setGatewayHeaders(request: IncomingMessage, hostKey: string): void {
  const set: Record<string, string> = {
    [KEY_HEADER]: hostKey,
    "x-azure-socketip": request.socket.remoteAddress ?? "",
  };
  Object.assign(request.headers, set);
  const others: string[] = [];
  for (let index = 0; index < request.rawHeaders.length; index += 2) {
    const [name = "", value = ""] = request.rawHeaders.slice(index, index + 2);
    if (!(name.toLowerCase() in set)) others.push(name, value);
  }
  request.rawHeaders = [...others, ...Object.entries(set).flat()];
}
