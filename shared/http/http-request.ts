/**
 * The request of an endpoint: a subset of the request type of `@azure/functions`, so that a handler fits `app.http`. At run time it
 * comes from `worker-http.ts`, which builds it from the forwarded bytes alone.
 */
export interface HttpRequest {
  readonly method: string;
  /** Repeated headers are joined by a comma (RFC 9110 §5.3). */
  readonly headers: { get(name: string): string | null };
  readonly query: URLSearchParams;
  /** The parameters of the route, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly body: AsyncIterable<Uint8Array> | null;
  /**
   * Returns `X-Forwarded-For` as it reached the Functions host, or `undefined` while the body may have forged it (binding-data.ts).
   * Among `headers` is that of the host's own forwarder.
   */
  readonly forwardedFor?: () => string | undefined;
  /** Whether the binding data of the Functions host contradicts the request (binding-data.ts). */
  readonly isContradicted?: boolean;
}
