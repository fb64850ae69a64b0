import { once } from "node:events";
import { Agent, type ClientRequest, type IncomingMessage, request as sendRequest } from "node:http";
import type { Socket } from "node:net";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";

// The HTTP client of Azure's host, towards the worker: .NET's SocketsHttpHandler (dotnet/runtime, HttpConnection.cs) with
// azure-functions-host, RetryProxyHandler.cs, around it.

const MAX_TRIES = 10;
const FIRST_DELAY_MS = 50;
const MAX_DELAY_MS = 250;
/** The wait for `100 Continue`, after which the body is sent anyway. */
const EXPECT_CONTINUE_MS = 1000;

// All requests share the connections: unread bytes of one request are met by the next.
const agent = new Agent({ keepAlive: true });

/** A request to the worker; `body` is `undefined` if it has none. */
export interface WorkerRequest {
  readonly uri: URL;
  readonly method: string;
  readonly target: string;
  readonly headers: readonly string[];
  readonly body: AsyncIterable<Uint8Array> | undefined;
  readonly signal: AbortSignal;
}

/**
 * Sends a request to the worker, with retries. As on Azure's host, the answer is read only after the whole body has been sent, and a body
 * can be sent only once: retries after that fail too.
 *
 * @throws the error of the first try when all have failed.
 */
export async function sendToWorker({ body, ...request }: WorkerRequest): Promise<IncomingMessage> {
  const content = body && new OneTimeContent(body);
  const failures: unknown[] = [];
  for (let delay = FIRST_DELAY_MS; failures.length < MAX_TRIES; delay = Math.min(delay * 2, MAX_DELAY_MS)) {
    try {
      return await send(request, content);
    } catch (error) {
      failures.push(error);
      if (request.signal.aborted) break;
    }
    if (failures.length < MAX_TRIES) await sleep(delay);
  }
  throw failures[0];
}

/** A body that can be read once. */
class OneTimeContent {
  readonly #chunks: AsyncIterable<Uint8Array>;
  #isTaken = false;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks;
  }

  take(): AsyncIterable<Uint8Array> {
    if (this.#isTaken) throw new Error("The body was sent already.");
    this.#isTaken = true;
    return this.#chunks;
  }
}

async function send(
  { uri, method, target, headers, signal }: Omit<WorkerRequest, "body">,
  content: OneTimeContent | undefined,
): Promise<IncomingMessage> {
  if (headers.some((text) => /[\u0080-\uffff]/.test(text))) throw new Error("A header is not ASCII.");
  const forwarded = sendRequest(uri, { agent, method, path: target, headers: [...headers], signal });
  const answered = once(forwarded, "response").then(([answer]) => answer as IncomingMessage);
  answered.catch(() => {}); // awaited below
  forwarded.on("error", () => {}); // `answered` rejects with it; an error after the answer is met by its reader
  if (!content) forwarded.end();
  else if (await isWanted(forwarded, headers, answered)) await pipeline(content.take(), forwarded);
  return await answered;
}

/** Sends the headers, and waits for `100 Continue` if they expect it. Returns whether to send the body; else the connection is closed. */
async function isWanted(
  forwarded: ClientRequest,
  headers: readonly string[],
  answered: Promise<IncomingMessage>,
): Promise<boolean> {
  const [socket]: Socket[] = await once(forwarded, "socket");
  if (socket?.connecting) await once(socket, "connect");
  const expects = headers.some(
    (text, index) => index % 2 === 0 && /^expect$/i.test(text) && isContinue(headers[index + 1]),
  );
  const { promise: continued, resolve } = Promise.withResolvers<undefined>();
  forwarded.once("continue", () => resolve(undefined)).flushHeaders();
  if (!expects) return true;
  const answer = await Promise.race([continued, answered, sleep(EXPECT_CONTINUE_MS, undefined, { ref: false })]);
  if (!answer || (answer.statusCode ?? 0) < 300) return true;
  answer.once("end", () => forwarded.destroy());
  return false;
}

function isContinue(expectation = ""): boolean {
  return expectation.toLowerCase() === "100-continue";
}
