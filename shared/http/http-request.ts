/**
 * A request as an endpoint sees it: a part of the request type of `@azure/functions`, so that a handler fits `app.http`. At run time it
 * is made by `worker-http.ts`, from the bytes that were sent and from nothing else.
 */
export interface HttpRequest {
  readonly method: string;
  /** Repeated headers are joined by a comma (RFC 9110 §5.3). */
  readonly headers: { get(name: string): string | null };
  readonly query: URLSearchParams;
  /** The parameters of the route, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly body: AsyncIterable<Uint8Array> | null;
  /** Whether the Functions host tells other headers or parameters than those that were sent, see `worker-http.ts`. */
  readonly isContradicted?: boolean;
}
