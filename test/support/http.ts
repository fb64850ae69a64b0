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

/** Sends a request with `fetch` and reads the whole answer, without the id of the request, which is checked. */
export async function send(url: string, init?: RequestInit): Promise<Answer> {
  return withoutRequestId(await sendAsIs(url, init));
}

/** Sends a request with `fetch` and reads the whole answer, which must be as the documents of the API have it. */
export async function sendAsIs(url: string, init?: RequestInit): Promise<Answer> {
  const response = await fetch(url, { redirect: "error", ...init });
  const answer = { status: response.status, headers: ownHeaders(response.headers), text: await response.text() };
  // The host can give a request that names an invocation the answer of another one.
  if (!new Headers(init?.headers).has("x-ms-invocation-id")) expectDocumentedAt(init?.method ?? "GET", url, answer);
  return answer;
}

/**
 * Takes the id of the request out of an answer, so that answers of one class can be compared byte for byte. An answer without the header is
 * the platform's and stays as it is. In any other the id must have its form, and an error must have the same id in its body and challenge.
 *
 * @throws Error if an id is missing, repeated or another one.
 */
export function withoutRequestId<T extends Answer>(answer: T): T {
  const { headers, text } = answer;
  const headerOf = (name: string) => Object.entries(headers).find(([each]) => each.toLowerCase() === name)?.[1];
  const id = headerOf("x-request-id");
  if (id === undefined) return answer;
  const exposed = headerOf("access-control-expose-headers");
  if (!/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/.test(id) || exposed !== "X-Request-Id") {
    throw new Error(`X-Request-Id is ${id}, and ${exposed} is exposed.`);
  }
  const take = (from: string, part: string) => {
    if (from.split(part).length !== 2) throw new Error(`"${part}" does not stand once in: ${from}`);
    return from.replace(part, "");
  };
  const others = Object.entries(headers)
    .filter(([name]) => !/^(x-request-id|access-control-expose-headers)$/i.test(name))
    .map(([name, value]) => [name, value.includes("error_description") ? take(value, ` (request ${id})`) : value]);
  let body = text;
  if (headerOf("content-type") === "application/problem+json" && text !== "") {
    body = take(text, `,"instance":"urn:uuid:${id}"`);
  } else if (text.startsWith('{"error":')) {
    body = take(text, ` (request ${id})`);
  }
  return { ...answer, headers: Object.fromEntries(others), text: body };
}

/** Returns the headers of an answer that an endpoint sets. */
export function ownHeaders(headers: Iterable<readonly [string, string]>): Record<string, string> {
  return Object.fromEntries([...headers].filter(([name]) => !NOT_OURS.has(name)));
}

/** Parses the JSON body of an answer. */
export function bodyOf({ text }: Pick<Answer, "text">): unknown {
  return JSON.parse(text);
}
