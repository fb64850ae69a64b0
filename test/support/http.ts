import { expectDocumentedAt } from "./openapi.ts";

/** An answer: its status, the headers that the service sets, and its body as text. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** Headers of the connection, the moment, the platform, or of every answer (test/conformance/security-headers.test.ts). */
const NOT_OURS = new Set([
  "x-content-type-options",
  "strict-transport-security",
  "connection",
  "content-length",
  "date",
  "keep-alive",
  "transfer-encoding",
  "x-ms-invocation-id",
]);

/** Sends a request with `fetch` and reads the whole answer, which must be as the documents of the API have it. */
export async function send(url: string, init?: RequestInit): Promise<Answer> {
  const response = await fetch(url, { redirect: "error", ...init });
  const answer = { status: response.status, headers: ownHeaders(response.headers), text: await response.text() };
  // The host can give a request that names an invocation the answer of another one.
  if (!new Headers(init?.headers).has("x-ms-invocation-id")) expectDocumentedAt(init?.method ?? "GET", url, answer);
  return answer;
}

/** Returns the headers of an answer that an endpoint sets. */
export function ownHeaders(headers: Iterable<readonly [string, string]>): Record<string, string> {
  return Object.fromEntries([...headers].filter(([name]) => !NOT_OURS.has(name)));
}

/** Parses the JSON body of an answer. */
export function bodyOf({ text }: Pick<Answer, "text">): unknown {
  return JSON.parse(text);
}
