import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import type { Service } from "../../../local/host/service.ts";
import { openConnection, sendRaw } from "../../support/raw-http.ts";
import { bundleFixtures, head, logged } from "./fixture-app.ts";

// The rules of Azure's host for bodies, and the effect of an unread body on other requests.

const MAX_BODY_BYTES = 131_072;
const { start } = await bundleFixtures();
let service: Service;

beforeAll(async () => {
  service = await start({ env: { FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: String(MAX_BODY_BYTES) } });
});
afterAll(() => service.stop());

const chunked = (path: string) => `${head(`POST ${path} HTTP/1.1\nTransfer-Encoding: chunked`)}\r\n`;
const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;
const LAST_CHUNK = "0\r\n\r\n";

test("forwards a chunked body", async () => {
  expect(await sendRaw(service.url, chunked("/slow"), chunk("hello"), LAST_CHUNK)).toMatchObject({ text: "hello" });
});

test("invokes a function at the start of a chunked body, but at the end of a body with a Content-Length", async () => {
  const echoes = () => service.lines.filter((line) => line.includes("echo of POST")).length;
  const begin = async (framing: string, part: string, rest: string) => {
    await using connection = await openConnection(service.url);
    connection.socket.write(`${head(`POST /echo/1/ HTTP/1.1\n${framing}`)}\r\n${part}`);
    await sleep(500);
    const before = echoes();
    connection.socket.write(rest);
    expect(await connection.answer()).toMatchObject({ status: 201 });
    return before;
  };
  const none = echoes();
  expect(await begin("Content-Length: 2", "a", "b")).toBe(none);
  expect(await begin("Transfer-Encoding: chunked", chunk("a"), LAST_CHUNK)).toBe(none + 2);
});

describe("binding data", () => {
  const answered = z.object({
    params: z.record(z.string(), z.string()),
    headers: z.record(z.string(), z.string()),
  });
  // The library takes every string in the binding data as a parameter of the route, and `Headers` as the headers.
  const seen = async (query: string, body?: string) => {
    const headers = { "x-sent": "yes" };
    const answer = await fetch(`${service.url}/echo/1/?${query}`, { method: "POST", headers, body: body ?? null });
    const echoed = answered.parse(await answer.json());
    return { params: echoed.params, sent: echoed.headers["x-sent"], forged: echoed.headers["x-forged"] };
  };
  const plain = { params: { id: "1" }, sent: "yes", forged: undefined };

  test("has the parameters of query and route: the route's value with the query's spelling of the name", async () => {
    expect(await seen("code=2")).toEqual(plain);
    expect(await seen("more=1&More=2")).toEqual({ ...plain, params: { more: "2", id: "1" } });
    expect(await seen("ID=2")).toEqual({ ...plain, params: { ID: "1" } });
  });

  test("replaces the headers by a parameter of the query", async () => {
    const forged = JSON.stringify({ "x-forged": "yes" });
    expect(await seen("headers=")).toMatchObject({ sent: undefined });
    expect(await seen(`Headers=${encodeURIComponent(forged)}`)).toMatchObject({ sent: undefined, forged: "yes" });
  });

  test("has the members of a JSON body of any media type, without lists and null, below query and route", async () => {
    const body = { text: "a", number: 1.5, flag: true, list: [1], nothing: null, object: { a: [1] } };
    const params = { text: "a", number: "1.5", flag: "True", id: "1" };
    expect(await seen("", JSON.stringify(body))).toEqual({ ...plain, params });
    const disguised = await seen("text=b", '{"TEXT":"a","iD":"2"}');
    expect(disguised).toEqual({ ...plain, params: { TEXT: "b", iD: "1" } });
    const deep = `{"id":"2","more":${"[".repeat(64)}${"]".repeat(64)}}`;
    for (const other of ["[1]", '"text"', "{", "", deep]) expect(await seen("", other)).toEqual(plain);
  });

  test("replaces the headers by a member of a JSON body", async () => {
    const body = JSON.stringify({ Headers: { "x-forged": "yes" } });
    expect(await seen("", body)).toMatchObject({ sent: undefined, forged: "yes" });
  });

  test("has no members of a chunked body", async () => {
    const { text } = await sendRaw(service.url, chunked("/echo/1/"), chunk('{"ID":"2"}'), LAST_CHUNK);
    expect(answered.parse(JSON.parse(text)).params).toEqual({ id: "1" });
  });
});

describe("a body that Kestrel refuses", () => {
  test("is answered with an empty 500 when it is larger than FUNCTIONS_REQUEST_BODY_SIZE_LIMIT", async () => {
    const body = "x".repeat(MAX_BODY_BYTES);
    const post = async (more: string) => {
      const answer = await fetch(`${service.url}/slow`, { method: "POST", body: body + more });
      return [answer.status, await answer.text()];
    };
    expect(await post("")).toEqual([200, body]);
    expect(await post("x")).toEqual([500, ""]);
    expect(await sendRaw(service.url, chunked("/slow"), chunk(body), LAST_CHUNK)).toMatchObject({
      status: 500,
      text: "",
    });
    await logged(service, "the request was cut off");
  });

  test("is answered with 404 or 401 when no function would read it", async () => {
    const post = (path: string) => sendRaw(service.hostUrl, `${head(`${path} HTTP/1.1\nContent-Length: 200000`)}\r\n`);
    expect(await post("POST /unknown")).toMatchObject({ status: 404 });
    expect(await post("GET /keyed")).toMatchObject({ status: 401 });
  });

  test("is answered with an empty 500 when it stalls for 5 seconds, and the connection is closed", async () => {
    const stall = async (request: string) => {
      await using connection = await openConnection(service.url);
      const started = performance.now();
      connection.socket.write(request);
      const { status, text } = await connection.answer();
      const seconds = (performance.now() - started) / 1000;
      expect(seconds).toBeGreaterThan(4.9);
      await expect(connection.answer()).rejects.toThrow("The connection ended");
      return [status, text];
    };
    const requests = [
      `${head("POST /slow HTTP/1.1\nContent-Length: 100")}\r\nhalf`,
      `${chunked("/slow")}${chunk("half")}`,
    ];
    expect(await Promise.all(requests.map(stall))).toEqual([
      [500, ""],
      [500, ""],
    ]);
  });
});

describe("a connection to the worker", () => {
  test("delivers no answer of a function before the whole body was sent", async () => {
    await using connection = await openConnection(service.url);
    const answered = connection.answer();
    connection.socket.write(chunked("/early") + chunk("x"));
    await sleep(1_000);
    expect(service.lines.filter((line) => /POST \/early/.test(line))).toEqual([]);
    connection.socket.write(LAST_CHUNK);
    expect(await answered).toMatchObject({ status: 413, text: "too large" });
  });

  test("is reused with the unread rest of a body, so that the next request gets no answer", async () => {
    const unlimited = await start();
    // More than the buffers of the app's streams, and less than those of the system.
    const unread = chunk("x".repeat(300_000));
    expect(await sendRaw(unlimited.url, chunked("/early"), unread, LAST_CHUNK)).toMatchObject({ status: 413 });
    const next = fetch(`${unlimited.url}/slow`, { method: "POST", body: "next", signal: AbortSignal.timeout(2_000) });
    await expect(next).rejects.toThrow("timeout");
    await unlimited.stop("SIGKILL");
  });
});
