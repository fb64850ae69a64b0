import type { IncomingMessage } from "node:http";
import { hasBody } from "./request-body.ts";

// The forwarder removes hop-by-hop headers in both directions (microsoft/reverse-proxy, RequestUtilities.cs).
const HOP_BY_HOP = [
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
const NOT_ANSWERED = new Set(HOP_BY_HOP);
/** Also the headers that it sets itself (HttpTransformer.Default), and `Trailer`, which Node's client refuses without chunks. */
const NOT_FORWARDED = new Set([
  ...HOP_BY_HOP,
  "forwarded",
  "host",
  "trailer",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-prefix",
  "x-forwarded-proto",
]);
const INVOCATION_ID = "x-ms-invocation-id";
/** Methods that get no `Content-Length: 0` (dotnet/runtime, HttpMethod.cs, MustHaveRequestBody). */
const WITHOUT_BODY = new Set(["GET", "HEAD", "CONNECT", "OPTIONS", "DELETE"]);

/** Returns the headers of the forwarded request. The caller's own `x-ms-invocation-id` stays (DefaultHttpProxyService.cs, TryAdd). */
export function forwardedHeaders(request: IncomingMessage, uri: URL, invocationId: string): string[] {
  const { rawHeaders, headers, socket, method = "" } = request;
  const forwarded = ["Host", uri.host, ...withoutHeaders(rawHeaders, NOT_FORWARDED)];
  if (headers["transfer-encoding"] !== undefined) forwarded.push("Transfer-Encoding", "chunked");
  if (!hasBody(request) && headers["content-length"] === undefined && !WITHOUT_BODY.has(method)) {
    forwarded.push("Content-Length", "0");
  }
  forwarded.push("X-Forwarded-For", socket.remoteAddress ?? "", "X-Forwarded-Host", headers.host ?? "");
  forwarded.push("X-Forwarded-Proto", "http");
  if (headers[INVOCATION_ID] === undefined) forwarded.push(INVOCATION_ID, invocationId);
  return forwarded;
}

/** Returns the headers of the answer to the caller. */
export function answeredHeaders({ rawHeaders }: IncomingMessage): string[] {
  return withoutHeaders(rawHeaders, NOT_ANSWERED);
}

function withoutHeaders(rawHeaders: readonly string[], removed: ReadonlySet<string>): string[] {
  const headers: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const [name = "", value = ""] = rawHeaders.slice(index, index + 2);
    if (!removed.has(name.toLowerCase())) headers.push(name, value);
  }
  return headers;
}
