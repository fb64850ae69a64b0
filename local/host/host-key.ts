import type { IncomingMessage } from "node:http";

const KEY_HEADER = "x-functions-key";

/**
 * Whether a request carries the host's key: in the header, or in the query's `code` where there is no such header
 * (azure-functions-host, AuthenticationLevelHandler.cs).
 */
export function hasHostKey({ headers, url = "" }: IncomingMessage, hostKey: string): boolean {
  const query = new URLSearchParams(url.split(/\?(.*)/s, 2)[1]);
  const code = [...query].find(([name]) => name.toLowerCase() === "code")?.[1];
  return (headers[KEY_HEADER] ?? code) === hostKey;
}

/** Sets the host's key, whatever the caller sent: the part of API Management. */
export function setHostKey(request: IncomingMessage, hostKey: string): void {
  request.headers[KEY_HEADER] = hostKey;
  const kept: string[] = [];
  for (let index = 0; index < request.rawHeaders.length; index += 2) {
    const [name = "", value = ""] = request.rawHeaders.slice(index, index + 2);
    if (name.toLowerCase() !== KEY_HEADER) kept.push(name, value);
  }
  request.rawHeaders = [...kept, KEY_HEADER, hostKey];
}
