import { connect } from "node:net";

/** A load of token requests. */
export interface Load {
  url: string;
  /** Bodies of token requests, sent in turn. */
  bodies: readonly string[];
  /** Number of connections, each with one request in flight. */
  concurrency: number;
  durationMs: number;
  /** Requests to start per second, evenly spaced. Without it, each answer starts the next request. */
  perSecond?: number;
}

/** Result of a load. */
export interface LoadResult {
  /** Answers of status 200 with an access token. */
  tokens: number;
  /** All other answers by status; 0 is a broken connection. */
  others: Record<string, number>;
  seconds: number;
  /** Milliseconds from the first byte sent to the last received. */
  p50: number;
  p99: number;
}

const HEADERS_END = Buffer.from("\r\n\r\n");
const CHUNKS_END = Buffer.from("0\r\n\r\n");

/**
 * Sends token requests over raw keep-alive sockets. An HTTP client would use as much CPU time as a server. Here a request is a write
 * of prepared bytes, and an answer is scanned for its status and its end.
 */
export async function runLoad(load: Load): Promise<LoadResult> {
  const latencies: number[] = [];
  const others: Record<string, number> = {};
  const started = performance.now();
  const until = started + load.durationMs;
  const nextRequest = requestWriter(load);
  let tokens = 0;
  let taken = 0;

  const run: Run = {
    url: load.url,
    nextRequest,
    /** Milliseconds until the next request is due, or `undefined` at the end of the load. */
    waitMs: () => {
      const now = performance.now();
      const dueAt = load.perSecond ? started + (1_000 * taken++) / load.perSecond : now;
      return Math.max(dueAt, now) < until ? Math.max(dueAt - now, 0) : undefined;
    },
    onAnswer: (status, isToken, milliseconds) => {
      if (isToken) {
        tokens++;
        latencies.push(milliseconds);
      } else {
        others[status] = (others[status] ?? 0) + 1;
      }
    },
  };
  await Promise.all(Array.from({ length: load.concurrency }, () => runConnection(run)));

  latencies.sort((a, b) => a - b);
  const percentile = (share: number) => latencies[Math.floor(latencies.length * share)] ?? Number.NaN;
  const seconds = (performance.now() - started) / 1_000;
  return { tokens, others, seconds, p50: percentile(0.5), p99: percentile(0.99) };
}

interface Run {
  url: string;
  nextRequest(): string;
  waitMs(): number | undefined;
  onAnswer(status: number, isToken: boolean, milliseconds: number): void;
}

/** Sends requests over one connection until the end of the load. */
async function runConnection({ url, nextRequest, waitMs, onAnswer }: Run): Promise<void> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  let sentAt = 0;
  let received: Buffer | undefined;

  const ask = () => {
    received = undefined;
    sentAt = performance.now();
    socket.write(nextRequest(), "latin1");
  };
  const next = () => {
    const wait = waitMs();
    if (wait === undefined) socket.end();
    else if (wait < 1) ask();
    else setTimeout(ask, wait);
  };
  socket.on("connect", next);
  socket.on("data", (chunk) => {
    received = received ? Buffer.concat([received, chunk]) : chunk;
    if (!isComplete(received)) return;
    const status = Number(received.toString("latin1", 9, 12));
    onAnswer(status, status === 200 && received.includes('"access_token"'), performance.now() - sentAt);
    next();
  });
  // A broken connection is counted and not replaced.
  socket.on("error", () => onAnswer(0, false, 0));
  socket.on("close", end);
  await ended;
}

function requestWriter({ url, bodies }: Load): () => string {
  const { host, pathname } = new URL(url);
  const requests = bodies.map(
    (body) =>
      `POST ${pathname} HTTP/1.1\r\nHost: ${host}\r\nAccept: */*\r\nUser-Agent: bench\r\n` +
      `Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  let sent = 0;
  return () => requests[sent++ % requests.length] ?? "";
}

/** Tells whether an answer is complete, by its `Content-Length` or its last chunk. */
function isComplete(received: Buffer): boolean {
  const headersEnd = received.indexOf(HEADERS_END);
  if (headersEnd < 0) return false;
  const head = received.toString("latin1", 0, headersEnd);
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  if (length !== undefined) return received.length >= headersEnd + HEADERS_END.length + Number(length);
  return received.subarray(-CHUNKS_END.length).equals(CHUNKS_END);
}
