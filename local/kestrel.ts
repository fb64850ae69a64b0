import type { IncomingMessage } from "node:http";

// What Kestrel, the web server under Azure's Functions host, does to a request before the host sees it. Sizes in bytes. Its limit
// of the request line is left out: those of Azure's front ends differ by plan, and a long search is for the service to answer.
const MAX_HEADER_COUNT = 100;
const MAX_BODY = 100 * 1024 * 1024;

/**
 * The most that the request line and all headers may have together. Kestrel stops at 32 KB; here more gets through, so that it can be
 * seen what the service answers to it.
 */
export const MAX_HEADERS = 128 * 1024;

/** The status with which a request is refused before any function sees it, or `undefined`. */
export function refusalOf({ headers, rawHeaders }: IncomingMessage): number | undefined {
  if (rawHeaders.length / 2 > MAX_HEADER_COUNT) return 431;
  const hosts = rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === "host");
  if (hosts.length > 1 || !/^([\w.-]+|\[[\da-f:.]+\])(:\d+)?$/i.test(headers.host ?? "")) return 400;
  if (Number(headers["content-length"] ?? 0) > MAX_BODY) return 413;
  return undefined;
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

/** Encodes a decoded path again, as it is when it is forwarded. */
export function encodePath(path: string): string {
  return path
    .split(/(%2f)/i)
    .map((part) => (/^%2f$/i.test(part) ? part : encodeURI(part).replace(/[?#]/g, encodeURIComponent)))
    .join("");
}

function decodeOrKeep(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded;
  }
}
