import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, onTestFinished, test } from "vitest";
import type { Answer } from "../support/http.ts";
import { openConnection } from "../support/raw-http.ts";
import { startTestService } from "../support/test-service.ts";

// Messages that violate HTTP, or that parsers read in different ways.

const { url, service, createClient, requestToken } = await startTestService();
const { host } = new URL(url);
const client = await createClient();
const FORM = "application/x-www-form-urlencoded";
const TOKEN_FORM = `grant_type=client_credentials&client_id=${client.clientId}&client_secret=${client.clientSecret}`;
const LENGTH = TOKEN_FORM.length;

afterEach(async () => {
  expect(await requestToken(client)).toMatchObject({ status: 200 });
});

/** Sends bytes and reads answers until the other side ends the connection. */
async function answersTo(bytes: string | Uint8Array): Promise<Answer[]> {
  await using connection = await openConnection(url);
  connection.socket.write(bytes);
  const answers: Answer[] = [];
  for (;;) {
    const answer = await connection.answer().catch(() => undefined);
    if (!answer) return answers;
    answers.push(answer);
  }
}

const head = (...fields: string[]) =>
  ["POST /oauth/token HTTP/1.1", `Host: ${host}`, `Content-Type: ${FORM}`, ...fields].join("\r\n");
const lastHead = (...fields: string[]) => head("Connection: close", ...fields);
const CHUNKED_BODY = `${LENGTH.toString(16)}\r\n${TOKEN_FORM}\r\n0\r\n\r\n`;
const SMUGGLED = `GET /health HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;

describe("RFC 9112 §6: messages of ambiguous length", () => {
  test.for<[string, string, string]>([
    ["two lengths", head(`Content-Length: ${LENGTH}`, "Content-Length: 0"), TOKEN_FORM],
    ["a list of lengths", head(`Content-Length: ${LENGTH}, 0`), TOKEN_FORM],
    ["a signed length", head(`Content-Length: +${LENGTH}`), TOKEN_FORM],
    ["a negative length", head("Content-Length: -1"), TOKEN_FORM],
    ["a hexadecimal length", head(`Content-Length: 0x${LENGTH.toString(16)}`), TOKEN_FORM],
    ["a length beyond numbers", head("Content-Length: 99999999999999999999999"), TOKEN_FORM],
    ["a length and chunks", head(`Content-Length: ${CHUNKED_BODY.length}`, "Transfer-Encoding: chunked"), CHUNKED_BODY],
    ["chunks and a length", head("Transfer-Encoding: chunked", "Content-Length: 4"), CHUNKED_BODY],
    ["a space before the colon", head("Transfer-Encoding : chunked"), CHUNKED_BODY],
    ["an unknown coding", head("Transfer-Encoding: xchunked"), CHUNKED_BODY],
    ["a coding after chunked", head("Transfer-Encoding: chunked, identity"), CHUNKED_BODY],
    ["a coding with a control character", head("Transfer-Encoding: \x0bchunked"), CHUNKED_BODY],
    ["a chunk of no size", head("Transfer-Encoding: chunked"), `\r\n${TOKEN_FORM}\r\n0\r\n\r\n`],
    ["a chunk of a negative size", head("Transfer-Encoding: chunked"), `-5\r\n${TOKEN_FORM}\r\n0\r\n\r\n`],
    ["a chunk beyond numbers", head("Transfer-Encoding: chunked"), `fffffffffffffffff\r\n${TOKEN_FORM}\r\n0\r\n\r\n`],
    ["a folded field", head("X-Folded: a\r\n b", `Content-Length: ${LENGTH}`), TOKEN_FORM],
    ["a field without a colon", head("Nonsense", `Content-Length: ${LENGTH}`), TOKEN_FORM],
    ["NUL in a field", head("X-Nul: a\0b", `Content-Length: ${LENGTH}`), TOKEN_FORM],
    ["a bare line feed", head("X-Lf: a\nContent-Length: 0\nX-Other: b", `Content-Length: ${LENGTH}`), TOKEN_FORM],
  ])("RFC 9112 §6: refuses a message with %s and serves no request inside of it", async ([, fields, body]) => {
    const answers = await answersTo(`${fields}\r\n\r\n${body}${SMUGGLED}`);
    expect(answers.length).toBeLessThanOrEqual(1);
    for (const { status } of answers) expect([400, 413]).toContain(status);
  });
});

describe("RFC 9112 §2, §3: messages that are not HTTP/1.1 requests", () => {
  test.for<[string, string | Buffer]>([
    ["nonsense", "nonsense\r\n\r\n"],
    ["binary", Buffer.from([0, 255, 1, 254, 13, 10, 13, 10])],
    ["the start of TLS", Buffer.from("16030100a5010000a10303", "hex")],
    ["the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
    ["HTTP/0.9", "GET /.well-known/jwks.json\r\n\r\n"],
    ["HTTP/9.9", "GET /health HTTP/9.9\r\nHost: a\r\n\r\n"],
    ["an unknown method", `TOKEN /oauth/token HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`],
    ["CONNECT", `CONNECT ${host} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`],
    [
      "TRACE, which would show headers",
      `TRACE /oauth/token HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\nAuthorization: Basic canary\r\n\r\n`,
    ],
    ["no Host", "GET /health HTTP/1.1\r\nConnection: close\r\n\r\n"],
    [
      "two Hosts",
      `GET /health HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\nHost: evil.example\r\nConnection: close\r\n\r\n`,
    ],
    ["a Host with a path", "GET /health HTTP/1.1\r\nHost: evil.example/x\r\nConnection: close\r\n\r\n"],
    ["a Host that is no name", "GET /health HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n"],
    ["a target of another form", `OPTIONS * HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`],
    ["a target that is not ASCII", Buffer.from(`GET /héalth HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)],
  ])("RFC 9112 §2, §3: answers %s with a refusal at most", async ([, bytes]) => {
    const answers = await answersTo(bytes);
    expect(answers.length).toBeLessThanOrEqual(1);
    for (const { status, text } of answers)
      expect({ status: status >= 400 && status < 500, text }).toEqual({ status: true, text: "" });
  });
});

describe("RFC 6585 §5: large header sections", () => {
  test.for<[string, number, string[]]>([
    ["headers of 31 KB", 200, [`X-Long: ${"x".repeat(31_000)}`]],
    ["headers of 33 KB", 431, [`X-Long: ${"x".repeat(33_000)}`]],
    ["101 headers", 431, Array.from({ length: 101 }, (_, index) => `X-${index}: x`)],
  ])("RFC 6585 §5: answers a request with %s with %d", async ([, status, fields]) => {
    const answers = await answersTo(`${lastHead(`Content-Length: ${LENGTH}`, ...fields)}\r\n\r\n${TOKEN_FORM}`);
    expect(answers.map((answer) => answer.status)).toEqual([status]);
  });
});

test("RFC 9110 §5.5: the platform refuses a header that is not UTF-8 and does not forward one in UTF-8", async () => {
  const request = (name: string) =>
    `${lastHead(`Content-Length: ${LENGTH}`, `User-Agent: ${name}`)}\r\n\r\n${TOKEN_FORM}`;
  expect(await answersTo(Buffer.from(request("café"), "latin1"))).toMatchObject([{ status: 400, text: "" }]);
  expect(await answersTo(request("café"))).toMatchObject([{ status: 500, text: "" }]);
});

test("RFC 9110 §15.5.15: the platform refuses a target of more than 8 KB", async () => {
  const target = `/health?${"x".repeat(8_200)}`;
  const answers = await answersTo(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  expect(answers).toMatchObject([{ status: 414, text: "" }]);
});

test("RFC 9110 §10.1.1: serves a request with Expect: 100-continue or an unknown expectation", async () => {
  const continued = await answersTo(
    `${lastHead(`Content-Length: ${LENGTH}`, "Expect: 100-continue")}\r\n\r\n${TOKEN_FORM}`,
  );
  expect(continued.map(({ status }) => status)).toEqual([200]);
  const unknown = await answersTo(`${lastHead(`Content-Length: ${LENGTH}`, "Expect: a-token")}\r\n\r\n${TOKEN_FORM}`);
  expect(unknown.map(({ status }) => status)).toEqual([200]);
});

test("RFC 9112 §9.3.2: pipelined requests on a connection get their own answers in order", async () => {
  const good = `${head(`Content-Length: ${LENGTH}`)}\r\n\r\n${TOKEN_FORM}`;
  const bad = `${head("Content-Length: 7")}\r\n\r\nscope=x`;
  const last = `${lastHead("Content-Length: 7")}\r\n\r\nscope=x`;
  const answers = await answersTo(good + bad + good + last);
  expect(answers.map(({ status }) => status)).toEqual([200, 400, 200, 400]);
});

test("RFC 9110 §6.5: does not read credentials from trailers", async () => {
  const body = "1d\r\ngrant_type=client_credentials\r\n0\r\n";
  const trailer = `Authorization: Basic ${btoa(`${client.clientId}:${client.clientSecret}`)}\r\n\r\n`;
  const [answer] = await answersTo(
    `${lastHead("Transfer-Encoding: chunked", "Trailer: Authorization")}\r\n\r\n${body}${trailer}`,
  );
  expect(answer).toMatchObject({ status: 401 });
});

test("RFC 9112 §7.1.1: ignores chunk extensions", async () => {
  const body = `${LENGTH.toString(16)};a=b;c="d"\r\n${TOKEN_FORM}\r\n0\r\n\r\n`;
  expect(await answersTo(`${lastHead("Transfer-Encoding: chunked")}\r\n\r\n${body}`)).toMatchObject([{ status: 200 }]);
});

test("a body that never arrives or trickles ends in the platform's 500 and is not logged as a failure", async () => {
  const failures = () => service.lines.filter((line) => line.includes('"failed"')).length;
  const before = failures();
  const length = `${head(`Content-Length: ${LENGTH}`)}\r\n\r\n`;
  await using never = await openConnection(url);
  await using trickle = await openConnection(url);
  await using chunks = await openConnection(url);
  never.socket.write(length);
  trickle.socket.write(length);
  chunks.socket.write(`${head("Transfer-Encoding: chunked")}\r\n\r\n`);
  const drip = setInterval(() => {
    trickle.socket.write("&");
    chunks.socket.write("1\r\n&\r\n");
  }, 200);
  onTestFinished(() => clearInterval(drip));
  const refused = { status: 500, text: "" };
  const answers = [never, trickle, chunks].map((connection) => connection.answer());
  expect(await Promise.all(answers)).toMatchObject([refused, refused, refused]);
  expect(failures()).toBe(before);
});

test("callers that disconnect before, in or after the body do not disturb other callers", async () => {
  const beginnings = [
    "POST /oa",
    head(),
    `${head(`Content-Length: ${LENGTH}`)}\r\n\r\n`,
    `${head(`Content-Length: ${LENGTH}`)}\r\n\r\n${TOKEN_FORM}`,
  ];
  const leave = async (bytes: string, reset: boolean) => {
    const { socket } = await openConnection(url);
    socket.write(bytes);
    await sleep(10);
    if (reset) socket.resetAndDestroy();
    else socket.destroy();
  };
  const visitors = Array.from({ length: 60 }, (_, index) =>
    leave(beginnings[index % beginnings.length] ?? "", index % 3 === 0),
  );
  await Promise.all(visitors);
  const answers = await Promise.all(Array.from({ length: 10 }, () => requestToken(client)));
  expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200));
  expect(service.lines.filter((line) => line.includes('"status":500'))).toEqual([]);
});
