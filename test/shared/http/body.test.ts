import type { HttpRequest } from "@azure/functions";
import { describe, expect, test } from "vitest";
import { mediaType, readBody } from "../../../shared/http/body.ts";
import { PublicError } from "../../../shared/request/public-error.ts";

const LIMIT = 8 * 1024;
const forever = new AbortController().signal;

function post(body: string | ReadableStream<Uint8Array> | null, headers: Record<string, string> = {}): HttpRequest {
  // A Functions request has the body and headers of a Fetch `Request`.
  return new Request("http://127.0.0.1/", { method: "POST", body, headers, duplex: "half" }) as unknown as HttpRequest;
}

/** Makes a request with a body in chunks of 1 KiB and counts the chunks that are read. */
function chunked(chunks: number, end: "close" | "error" | "stall" = "close") {
  const sent = { chunks: 0, cancelled: false };
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (sent.chunks++ < chunks) controller.enqueue(new Uint8Array(1024).fill(97));
        else if (end === "close") controller.close();
        else if (end === "error") controller.error(new Error("aborted"));
      },
      cancel() {
        sent.cancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  return { sent, request: post(stream) };
}

const tooLarge = { status: 413, detail: "The body is too large: send at most 8 KiB." };

describe("a body", () => {
  test("reads a body in one piece or in chunks", async () => {
    await expect(readBody(post("a=b"), LIMIT, forever)).resolves.toEqual(Buffer.from("a=b"));
    await expect(readBody(chunked(8).request, LIMIT, forever)).resolves.toEqual(Buffer.alloc(LIMIT, "a"));
  });

  test.for([[post(null)], [post("")]])("reads a missing body as empty", async ([request]) => {
    await expect(readBody(request as HttpRequest, LIMIT, forever)).resolves.toHaveLength(0);
  });

  test("refuses a body with too large a Content-Length before reading it [check 8]", async () => {
    const request = post("short", { "content-length": String(LIMIT + 1) });
    await expect(readBody(request, LIMIT, forever)).rejects.toThrow(expect.objectContaining(tooLarge));
    expect(request.bodyUsed).toBe(false);
  });

  test("refuses a body in chunks at the first chunk over the limit [check 8]", async () => {
    const { request, sent } = chunked(1_000_000);
    await expect(readBody(request, LIMIT, forever)).rejects.toThrow(expect.objectContaining(tooLarge));
    expect(sent).toEqual({ chunks: 9, cancelled: true });
  });

  test("ignores a Content-Length that is not a number", async () => {
    await expect(readBody(post("a", { "content-length": "x" }), LIMIT, forever)).resolves.toHaveLength(1);
  });

  test("answers a body that breaks off with 400", async () => {
    const broken = { status: 400, detail: "The body broke off: send it whole." };
    await expect(readBody(chunked(2, "error").request, LIMIT, forever)).rejects.toThrow(
      expect.objectContaining(broken),
    );
  });

  test("answers a body that misses its deadline with 408 and does not wait for the rest", async () => {
    const { request } = chunked(2, "stall");
    const deadline = new AbortController();
    const body = readBody(request, LIMIT, deadline.signal);
    setImmediate(() => deadline.abort());
    await expect(body).rejects.toThrow(
      expect.objectContaining({ status: 408, detail: "The body did not arrive in time: send it at once." }),
    );
  });

  test("refuses a body by a PublicError", async () => {
    await expect(readBody(chunked(9).request, LIMIT, forever)).rejects.toBeInstanceOf(PublicError);
  });
});

test.for([
  ["application/x-www-form-urlencoded", "application/x-www-form-urlencoded"],
  ["Application/X-WWW-Form-Urlencoded ; charset=ISO-8859-1", "application/x-www-form-urlencoded"],
  ["application/json;charset=utf-8", "application/json"],
  [";", ""],
] as const)("the media type of %j is %j (RFC 9110 §8.3.1) [check 2]", ([header, type]) => {
  expect(mediaType(post(null, { "content-type": header }))).toBe(type);
});

test("a request without Content-Type has no media type", () => {
  expect(mediaType(post(null))).toBe("");
});
