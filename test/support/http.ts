/** A whole answer: its status, the headers that the service decides, and its body as it came. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** Headers that belong to the connection, the moment or the platform, not to the answer of an endpoint. */
const NOT_OURS = new Set([
  "connection",
  "content-length",
  "date",
  "keep-alive",
  "transfer-encoding",
  "x-ms-invocation-id",
]);

/** Sends a request with `fetch` and reads the whole answer. */
export async function send(url: string, init?: RequestInit): Promise<Answer> {
  const response = await fetch(url, { redirect: "error", ...init });
  return { status: response.status, headers: ownHeaders(response.headers), text: await response.text() };
}

/** The headers of an answer that an endpoint decides. */
export function ownHeaders(headers: Iterable<readonly [string, string]>): Record<string, string> {
  return Object.fromEntries([...headers].filter(([name]) => !NOT_OURS.has(name)));
}

/** The JSON body of an answer; fails on anything that is not JSON. */
export function bodyOf({ text }: Pick<Answer, "text">): unknown {
  return JSON.parse(text);
}
