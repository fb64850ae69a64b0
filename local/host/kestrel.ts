import { isUtf8 } from "node:buffer";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";

// Kestrel is the web server under Azure's Functions host: its checks and decoding come before the host's. Its limits are the defaults of
// dotnet/aspnetcore, KestrelServerLimits.cs; azure-functions-host, Program.cs, changes that of the body only.
const MAX_REQUEST_LINE_BYTES = 8 * 1024;
const MAX_HEADERS_BYTES = 32 * 1024;
const MAX_HEADER_COUNT = 100;
/** Node has one limit for request line and headers, and answers 431 by itself. So its limit is above both of Kestrel's. */
const MAX_NODE_HEADERS_BYTES = 256 * 1024;
const NOT_ASCII = /[\u0080-\uffff]/;

/** Creates a web server that ignores unknown expectations (`Expect`). */
export function createKestrel(listener: RequestListener): Server {
  return createServer({ maxHeaderSize: MAX_NODE_HEADERS_BYTES }, listener).on("checkExpectation", listener);
}

/** Returns the status with which Kestrel refuses a request and closes its connection, or `undefined`. */
export function refusalOf({ method = "", url = "", headers, rawHeaders }: IncomingMessage): number | undefined {
  if (`${method} ${url} HTTP/1.1\r\n`.length > MAX_REQUEST_LINE_BYTES) return 414;
  if (rawHeaders.length / 2 > MAX_HEADER_COUNT || sizeOf(rawHeaders) > MAX_HEADERS_BYTES) return 431;
  // Kestrel decodes header values as strict UTF-8 (HttpUtilities.cs). Node gives their bytes as Latin-1.
  if (rawHeaders.some((text) => NOT_ASCII.test(text) && !isUtf8(Buffer.from(text, "latin1")))) return 400;
  const hosts = rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === "host");
  if (hosts.length > 1 || !/^([\w.-]+|\[[\da-f:.]+\])(:\d+)?$/i.test(headers.host ?? "")) return 400;
  return undefined;
}

/** Returns the size of headers on the wire in bytes, each with a colon, a space and a line end. */
function sizeOf(rawHeaders: readonly string[]): number {
  return rawHeaders.reduce((sum, text) => sum + text.length + 2, 0);
}

/**
 * Decodes percent-encoded UTF-8 in a request path, except `%2F`, then removes dot segments.
 * Returns `undefined` for a path that Kestrel refuses: one with a NUL or a character outside ASCII.
 */
export function decodePath(raw: string): string | undefined {
  if (!/^\/[\x21-\x7e]*$/.test(raw) || raw.includes("%00")) return undefined;
  const decoded = raw.replace(/(?:%(?!2f)[0-9a-f]{2})+/gi, decodeIfValid);
  const resolved: string[] = [];
  const segments = decoded.slice(1).split("/");
  for (const segment of segments) {
    if (segment === "..") resolved.pop();
    else if (segment !== ".") resolved.push(segment);
  }
  if (/^\.\.?$/.test(segments.at(-1) ?? "")) resolved.push("");
  return `/${resolved.join("/")}`;
}

/** Encodes a decoded path for the forwarded request: a `%2F` that was not decoded becomes `%252F`. */
export function encodePath(path: string): string {
  return encodeURI(path).replace(/[?#]/g, encodeURIComponent);
}

/** Encodes a query for the forwarded request: .NET escapes characters that a URL must not have. */
export function encodeQuery(query: string): string {
  return query.replace(/%(?![\da-f]{2})|["<>^`{|}#]/gi, encodeURIComponent);
}

function decodeIfValid(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded;
  }
}
