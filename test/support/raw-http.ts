import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { type Answer, ownHeaders, withoutRequestId } from "./http.ts";

const CRLF = "\r\n";

/**
 * Makes the bytes of a request from an indented text with plain line ends and an empty line before the body. `<length>` stands for the
 * length of the body.
 */
export function rawRequest(text: string): Buffer {
  const indent = /^\n( *)/.exec(text)?.[1] ?? "";
  const lines = text
    .split("\n")
    .slice(1, -1)
    .map((line) => line.replace(indent, ""));
  const end = lines.indexOf("");
  const body = lines.slice(end + 1).join("\n");
  const head = lines
    .slice(0, end)
    .join(CRLF)
    .replace("<length>", String(Buffer.byteLength(body)));
  return Buffer.from(head + CRLF + CRLF + body);
}

/** The parts of a raw request. Names and values of headers are sent as Latin-1. */
export interface RequestParts {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array;
}

/** Makes the bytes of a request from its parts, with the correct `Content-Length` and `Connection: close`. */
export function requestOf({ method, target, headers, body }: RequestParts, host: string): Buffer {
  const framing = [
    ["Host", host],
    ["Content-Length", String(body.length)],
    ["Connection", "close"],
  ];
  const fields = [...framing, ...headers].map(([name, value]) => `${name}: ${value}${CRLF}`);
  return Buffer.concat([Buffer.from(`${method} ${target} HTTP/1.1${CRLF}${fields.join("")}${CRLF}`, "latin1"), body]);
}

/** Sends bytes over a new connection and reads one answer. */
export async function sendRaw(url: string, ...parts: readonly (string | Uint8Array)[]): Promise<Answer> {
  await using connection = await openConnection(url);
  for (const part of parts) connection.socket.write(part);
  return await connection.answer();
}

/** A TCP connection to the service. */
export interface Connection extends AsyncDisposable {
  readonly socket: Socket;
  /** Reads the next answer; `bodiless` marks one without a body, as to HEAD. Rejects if the connection ends before. */
  answer(options?: { bodiless?: boolean }): Promise<Answer>;
}

/** Opens a TCP connection to the host of a URL. */
export async function openConnection(url: string): Promise<Connection> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, "connect");
  // A server that answers early may reset the connection during the request. The answer is still readable.
  socket.on("error", () => {});
  const reader = new Reader(socket);
  return {
    socket,
    answer: ({ bodiless = false } = {}) => readAnswer(reader, bodiless),
    [Symbol.asyncDispose]: async () => void socket.destroy(),
  };
}

/** Reads lines and counted bytes from a socket. */
class Reader {
  readonly #chunks: AsyncIterator<Buffer>;
  #buffer = Buffer.alloc(0);

  constructor(socket: Socket) {
    this.#chunks = socket[Symbol.asyncIterator]();
  }

  async line(): Promise<string> {
    let end = this.#buffer.indexOf(CRLF);
    while (end < 0) {
      if (!(await this.#more())) throw new Error(`The connection ended in: ${this.#buffer}`);
      end = this.#buffer.indexOf(CRLF);
    }
    const line = this.#buffer.toString("latin1", 0, end);
    this.#buffer = this.#buffer.subarray(end + CRLF.length);
    return line;
  }

  async bytes(count: number): Promise<Buffer> {
    while (this.#buffer.length < count && (await this.#more()));
    const bytes = this.#buffer.subarray(0, count);
    this.#buffer = this.#buffer.subarray(count);
    return bytes;
  }

  async #more(): Promise<boolean> {
    const { value, done } = await this.#chunks.next();
    if (!done) this.#buffer = Buffer.concat([this.#buffer, value]);
    return !done;
  }
}

/** Reads one message (RFC 9112 §6.3) and skips interim answers. */
async function readAnswer(reader: Reader, bodiless: boolean): Promise<Answer> {
  const statusLine = await reader.line();
  const [, digits] = /^HTTP\/1\.1 (\d{3})( |$)/.exec(statusLine) ?? [];
  if (!digits) throw new Error(`Not an HTTP answer: ${statusLine}`);
  const headers = new Headers();
  for (let line = await reader.line(); line !== ""; line = await reader.line()) {
    const colon = line.indexOf(":");
    headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  const status = Number(digits);
  if (status < 200) return readAnswer(reader, bodiless);
  const body = bodiless ? Buffer.alloc(0) : await readBody(reader, headers);
  return withoutRequestId({ status, headers: ownHeaders(headers), text: body.toString() });
}

async function readBody(reader: Reader, headers: Headers): Promise<Buffer> {
  if (headers.get("transfer-encoding") !== "chunked") {
    return reader.bytes(Number(headers.get("content-length") ?? Number.POSITIVE_INFINITY));
  }
  const chunks: Buffer[] = [];
  for (let size = -1; size !== 0; ) {
    size = Number.parseInt(await reader.line(), 16);
    chunks.push(await reader.bytes(size));
    await reader.line();
  }
  return Buffer.concat(chunks);
}
