import type { IncomingMessage } from "node:http";
import { hasBody } from "./request-body.ts";

// What the forwarder leaves out in both directions (microsoft/reverse-proxy, RequestUtilities.cs).
const OF_ONE_CONNECTION = [
  "alpn",
  "alt-svc",
  "close",
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authentication-info",
  "proxy-authorization",
  "proxy-connection",
  "proxy-features",
  "proxy-instruction",
  "security-scheme",
  "te",
  "transfer-encoding",
  "upgrade",
];
const NOT_ANSWERED = new Set(OF_ONE_CONNECTION);
/** Also what it writes itself (HttpTransformer.Default), and `Trailer`, which Node's client refuses without chunks. */
const NOT_FORWARDED = new Set([
  ...OF_ONE_CONNECTION,
  "forwarded",
  "host",
  "trailer",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-prefix",
  "x-forwarded-proto",
]);
const INVOCATION_ID = "x-ms-invocation-id";
/** No `Content-Length: 0` is added for these (dotnet/runtime, HttpMethod.cs, MustHaveRequestBody). */
const WITHOUT_BODY = new Set(["GET", "HEAD", "CONNECT", "OPTIONS", "DELETE"]);

/** The headers of the forwarded request. A header `x-ms-invocation-id` of the caller stays (DefaultHttpProxyService.cs, TryAdd). */
export function forwardedHeaders(request: IncomingMessage, uri: URL, invocationId: string): string[] {
  const { rawHeaders, headers, socket, method = "" } = request;
  const forwarded = ["Host", uri.host, ...kept(rawHeaders, NOT_FORWARDED)];
  if (headers["transfer-encoding"] !== undefined) forwarded.push("Transfer-Encoding", "chunked");
  if (!hasBody(request) && headers["content-length"] === undefined && !WITHOUT_BODY.has(method)) {
    forwarded.push("Content-Length", "0");
  }
  forwarded.push("X-Forwarded-For", socket.remoteAddress ?? "", "X-Forwarded-Host", headers.host ?? "");
  forwarded.push("X-Forwarded-Proto", "http");
  if (headers[INVOCATION_ID] === undefined) forwarded.push(INVOCATION_ID, invocationId);
  return forwarded;
}

/** The headers of the answer to the caller. */
export function answeredHeaders({ rawHeaders }: IncomingMessage): string[] {
  return kept(rawHeaders, NOT_ANSWERED);
}

function kept(rawHeaders: readonly string[], left: ReadonlySet<string>): string[] {
  const headers: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const [name = "", value = ""] = rawHeaders.slice(index, index + 2);
    if (!left.has(name.toLowerCase())) headers.push(name, value);
  }
  return headers;
}
