import type { HttpRequest } from "@azure/functions";
import { describe, expect, test } from "vitest";
import { mediaType, readBody } from "../../../shared/http/body.ts";
import { PublicError } from "../../../shared/request/public-error.ts";

const LIMIT = 8 * 1024;
const forever = new AbortController().signal;

function post(body: string | ReadableStream<Uint8Array> | null, headers: Record<string, string> = {}): HttpRequest {
  // The body and headers of a Functions request are those of such a Request.
  return new Request("http://127.0.0.1/", { method: "POST", body, headers, duplex: "half" }) as unknown as HttpRequest;
}

/** A body that comes in chunks of 1 KiB; counts them. */
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
  test("is read whole, whether it comes at once or in chunks", async () => {
    await expect(readBody(post("a=b"), LIMIT, forever)).resolves.toEqual(Buffer.from("a=b"));
    await expect(readBody(chunked(8).request, LIMIT, forever)).resolves.toEqual(Buffer.alloc(LIMIT, "a"));
  });

  test.for([[post(null)], [post("")]])("that is not there is empty", async ([request]) => {
    await expect(readBody(request as HttpRequest, LIMIT, forever)).resolves.toHaveLength(0);
  });

  test("that says it is too large is refused before a byte of it is read [check 8]", async () => {
    const request = post("short", { "content-length": String(LIMIT + 1) });
    await expect(readBody(request, LIMIT, forever)).rejects.toThrow(expect.objectContaining(tooLarge));
    expect(request.bodyUsed).toBe(false);
  });

  test("that is too large is refused at the first chunk too many, whatever is behind it [check 8]", async () => {
    const { request, sent } = chunked(1_000_000);
    await expect(readBody(request, LIMIT, forever)).rejects.toThrow(expect.objectContaining(tooLarge));
    expect(sent).toEqual({ chunks: 9, cancelled: true });
  });

  test("may have a Content-Length that is no number, which says nothing", async () => {
    await expect(readBody(post("a", { "content-length": "x" }), LIMIT, forever)).resolves.toHaveLength(1);
  });

  test("that breaks off is the caller's fault", async () => {
    const broken = { status: 400, detail: "The body broke off: send it whole." };
    await expect(readBody(chunked(2, "error").request, LIMIT, forever)).rejects.toThrow(
      expect.objectContaining(broken),
    );
  });

  test("that does not come in time is given up, and its rest is not waited for", async () => {
    const { request } = chunked(2, "stall");
    const deadline = new AbortController();
    const body = readBody(request, LIMIT, deadline.signal);
    setImmediate(() => deadline.abort());
    await expect(body).rejects.toThrow(
      expect.objectContaining({ status: 408, detail: "The body did not arrive in time: send it at once." }),
    );
  });

  test("that is refused is refused by an error of its own kind", async () => {
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
