import { isUtf8 } from "node:buffer";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";

// What Kestrel, the web server under Azure's Functions host, does to a request before the host sees it. Its limits are the defaults of
// dotnet/aspnetcore, KestrelServerLimits.cs, since azure-functions-host, Program.cs, changes the body's alone. Sizes in bytes.
const MAX_REQUEST_LINE = 8 * 1024;
const MAX_HEADERS = 32 * 1024;
const MAX_HEADER_COUNT = 100;
/** Node counts the request line and the headers together and answers 431 by itself, so its limit lies above both of Kestrel's. */
const MAX_NODE_HEADERS = 256 * 1024;
const NOT_ASCII = /[\u0080-\uffff]/;

/** Makes a web server; an expectation that nobody knows does not matter to it. */
export function createKestrel(listener: RequestListener): Server {
  return createServer({ maxHeaderSize: MAX_NODE_HEADERS }, listener).on("checkExpectation", listener);
}

/** The status with which a request is refused before any function sees it, or `undefined`. The connection ends with the answer. */
export function refusalOf({ method = "", url = "", headers, rawHeaders }: IncomingMessage): number | undefined {
  if (`${method} ${url} HTTP/1.1\r\n`.length > MAX_REQUEST_LINE) return 414;
  if (rawHeaders.length / 2 > MAX_HEADER_COUNT || sizeOf(rawHeaders) > MAX_HEADERS) return 431;
  // Kestrel decodes header values as strict UTF-8 (HttpUtilities.cs). Node gives their bytes as Latin-1.
  if (rawHeaders.some((text) => NOT_ASCII.test(text) && !isUtf8(Buffer.from(text, "latin1")))) return 400;
  const hosts = rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === "host");
  if (hosts.length > 1 || !/^([\w.-]+|\[[\da-f:.]+\])(:\d+)?$/i.test(headers.host ?? "")) return 400;
  return undefined;
}

/** The size of headers as they are on the wire, each with a colon, a space and a line end. */
function sizeOf(rawHeaders: readonly string[]): number {
  return rawHeaders.reduce((sum, text) => sum + text.length + 2, 0);
}

/**
 * Decodes a request path: percent-encoded UTF-8 but for `%2F`, then dot segments removed.
 * Returns `undefined` for a path that is refused: a NUL, and anything that is not ASCII.
 */
export function decodePath(raw: string): string | undefined {
  if (!/^\/[\x21-\x7e]*$/.test(raw) || raw.includes("%00")) return undefined;
  const decoded = raw.replace(/(?:%(?!2f)[0-9a-f]{2})+/gi, decodeOrKeep);
  const kept: string[] = [];
  const segments = decoded.slice(1).split("/");
  for (const segment of segments) {
    if (segment === "..") kept.pop();
    else if (segment !== ".") kept.push(segment);
  }
  if (/^\.\.?$/.test(segments.at(-1) ?? "")) kept.push("");
  return `/${kept.join("/")}`;
}

/** Encodes a decoded path again, as it is when it is forwarded: a `%2F` that was not decoded becomes `%252F`. */
export function encodePath(path: string): string {
  return encodeURI(path).replace(/[?#]/g, encodeURIComponent);
}

/** The query as it is when it is forwarded; .NET encodes what must not stand in a URL. */
export function encodeQuery(query: string): string {
  return query.replace(/%(?![\da-f]{2})|["<>^`{|}#]/gi, encodeURIComponent);
}

function decodeOrKeep(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded;
  }
}
