import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { type Service, startService } from "../../local/service.ts";
import { openConnection, sendRaw } from "../support/raw-http.ts";

const echoed = z.object({ params: z.record(z.string(), z.string()), headers: z.record(z.string(), z.string()) });
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "socmate-test-"));
  await build({
    entryPoints: [
      fileURLToPath(new URL("fixtures/app.ts", import.meta.url)),
      fileURLToPath(new URL("fixtures/streaming-app.ts", import.meta.url)),
    ],
    outdir: dir,
    outExtension: { ".js": ".cjs" },
    bundle: true,
    platform: "node",
    format: "cjs",
    external: ["@azure/functions-core"],
  });
}, 60_000);

afterAll(() => rm(dir, { recursive: true }));

function startFixture(name: string): Promise<Service> {
  const env = { "AzureWebJobs.disabled.Disabled": "true" };
  return startService({ settings: {}, port: 0 }, { bundle: join(dir, `${name}.cjs`), env });
}

/** Waits until the host has written a line that contains the text. */
function logged(service: Service, text: string) {
  return expect.poll(() => service.lines).toContainEqual(expect.stringContaining(text));
}

describe.each([
  { name: "app", mode: "whole" },
  { name: "streaming-app", mode: "streamed" },
])("a host whose app gets its requests $mode", ({ name, mode }) => {
  let service: Service;
  const fetchStatus = async (path: string, init?: RequestInit) => (await fetch(service.url + path, init)).status;
  const head = (text: string) => `${text.trim().replace(/\n */g, "\r\n")}\r\nHost: localhost\r\n`;

  beforeAll(async () => {
    service = await startFixture(name);
  }, 60_000);
  afterAll(() => service.stop());

  test("hands a function its request", async () => {
    const answer = await fetch(`${service.url}/ECHO/a%2Fb%20c/x/y?q=1`, {
      method: "PUT",
      headers: { "content-type": "text/plain" },
      body: "hello",
    });
    expect(answer.status).toBe(201);
    expect(answer.headers.get("x-echo")).toBe("yes");
    expect(await answer.json()).toMatchObject({
      method: "PUT",
      url: `${service.url}/ECHO/a%2Fb%20c/x/y?q=1`,
      params: { id: "a%2Fb c", rest: "x/y" },
      headers: { "content-type": "text/plain", "x-forwarded-for": expect.stringMatching(/^127\.0\.0\.1:\d+$/) },
      body: "hello",
    });
  });

  test("joins repeated headers with a comma", async () => {
    const request = head(`POST /echo/1/ HTTP/1.1
      X-Repeated: one
      x-repeated: two
      X-Forwarded-For: 203.0.113.9
      Content-Length: 0`);
    const { headers } = JSON.parse((await sendRaw(service.url, `${request}\r\n`)).text);
    expect(headers["x-repeated"]).toBe("one,two");
    expect(headers["x-forwarded-for"]).toMatch(/^203\.0\.113\.9,127\.0\.0\.1:\d+$/);
  });

  test("prefers the literal route, takes a function's name for want of a route, and forgives a slash at the end", async () => {
    expect(await (await fetch(`${service.url}/echo/literal/path`, { method: "POST" })).text()).toBe("literal");
    expect(await (await fetch(`${service.url}/unrouted`)).text()).toBe("by its name");
    expect(await (await fetch(`${service.url}/api/get/`)).text()).toBe("got");
    expect(await (await fetch(`${service.url}/api/%67et`)).text()).toBe("got");
  });

  test.each([
    ["another method", "/api/get", "POST"],
    ["HEAD on a route for GET", "/api/get", "HEAD"],
    ["OPTIONS", "/api/get", "OPTIONS"],
    ["an unknown route", "/unknown", "GET"],
    ["a route that begins as the host's own do", "/administration", "GET"],
    ["a function whose name is the host's own", "/runtime", "GET"],
    ["a function that is switched off", "/disabled", "GET"],
    ["a doubled slash", "//api/get", "GET"],
  ])("answers 404 without a body to %s", async (_what, path, method) => {
    const answer = await fetch(service.url + path, { method });
    expect([answer.status, await answer.text()]).toEqual([404, ""]);
  });

  test("says why a function is not served", () => {
    const errors = service.lines.filter((line) => line.includes("function is in error"));
    expect(errors).toEqual([
      "functions: The 'reserved' function is in error: The specified route conflicts with one or more built in routes.",
      "functions: The 'runtime' function is in error: The specified route conflicts with one or more built in routes.",
      "functions: The 'rival' function is in error: The route specified conflicts with the route defined by function 'get'.",
    ]);
  });

  test("answers 500 without a body when a function throws, and logs what", async () => {
    const answer = await fetch(`${service.url}/throws`);
    expect([answer.status, await answer.text()]).toEqual([500, ""]);
    await logged(service, "Executed 'throws' (Failed): Error: thrown on purpose");
  });

  test("runs the hooks of the app", async () => {
    await fetch(`${service.url}/api/get`);
    await logged(service, "logged: get ended well");
    await fetch(`${service.url}/throws`);
    await logged(service, "logged: throws ended thrown on purpose");
    expect(service.lines[0]).toBe("appStart");
  });

  test("passes cookies on", async () => {
    const answer = await fetch(`${service.url}/cookies`);
    expect(answer.headers.getSetCookie()).toEqual([expect.stringMatching(/^a=1/)]);
  });

  test("logs one line for a request, without its query", async () => {
    await fetch(`${service.url}/unknown?secret=hidden`);
    await logged(service, "GET /unknown 404 ");
    expect(service.lines.join("\n")).not.toContain("hidden");
  });

  test.each([
    ["headers over 128 KB", `GET /api/get HTTP/1.1\nX-Long: ${"x".repeat(132_000)}`, 431],
    ["more than 100 headers", `GET /api/get HTTP/1.1${"\nX-Many: 1".repeat(101)}`, 431],
    ["a NUL in the path", "GET /api/get%00 HTTP/1.1", 400],
    ["a host that is none", "GET /api/get HTTP/1.1\nHost: a b", 400],
    ["a body over 100 MB", "POST /early HTTP/1.1\nContent-Length: 104857601", 413],
  ])("refuses %s before any function sees it", async (_what, request, status) => {
    const answer = await sendRaw(service.url, `${head(request)}\r\n`);
    expect(answer.status).toBe(status);
    expect(answer.text).toBe("");
  });

  test("lets an early answer reach a client that is still sending", async () => {
    await using connection = await openConnection(service.url);
    connection.socket.write(`${head("POST /early HTTP/1.1\nTransfer-Encoding: chunked")}\r\n`);
    let sending = true;
    const send = () =>
      sending && connection.socket.write(`4000\r\n${"x".repeat(0x4000)}\r\n`, () => setImmediate(send));
    send();
    const answer = await connection.answer();
    sending = false;
    expect([answer.status, answer.text]).toEqual([413, "too large"]);
  });

  test("runs a timer function when it is told to, and logs its failure", async () => {
    const run = (timer: string) => ({
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "{}",
      timer,
    });
    const { timer, ...init } = run("tick");
    expect(await fetchStatus(`/admin/functions/${timer}`, init)).toBe(202);
    await logged(service, "logged: tick false");
    expect(await fetchStatus("/admin/functions/fails", init)).toBe(202);
    await logged(service, "Executed 'fails' (Failed): Error: timer failed on purpose");
    expect(await fetchStatus("/admin/functions/unknown", init)).toBe(404);
    expect(await fetchStatus("/admin/functions/tick", { method: "POST", body: "{}" })).toBe(415);
  });

  test("tells the app when it ends", async () => {
    const ending = await startFixture(name);
    await ending.stop();
    expect(ending.lines.at(-1)).toBe("appTerminate");
    expect(await ending.exited).toBe(0);
    await expect(fetch(ending.url)).rejects.toThrow();
  });

  test("ends the request of a client that goes away", async () => {
    const connection = await openConnection(service.url);
    connection.socket.write(`${head("POST /slow HTTP/1.1\nContent-Length: 100")}\r\nhalf`);
    setTimeout(() => connection.socket.destroy(), 1_000);
    await logged(service, "POST /slow aborted ");
    if (mode === "streamed") await logged(service, "the request was cut off");
  });

  test("passes a chunked body on if the app streams, and loses it else, as Azure does", async () => {
    const body = `${head("POST /slow HTTP/1.1\nTransfer-Encoding: chunked")}\r\n5\r\nhello\r\n0\r\n\r\n`;
    expect((await sendRaw(service.url, body)).text).toBe(mode === "streamed" ? "hello" : "");
  });

  test("answers for a function that returns nothing", async () => {
    expect(await fetchStatus("/nothing")).toBe(mode === "streamed" ? 500 : 204);
  });

  // Azure's trigger keeps query, route and headers in one dictionary that ignores case; for an app that streams the library
  // takes parameters and headers out of that.
  test("lets a query disguise parameters and headers if the app streams, as Azure does", async () => {
    const seen = async (query: string) => {
      const answer = await fetch(`${service.url}/echo/1/?${query}`, { method: "POST", headers: { "x-sent": "yes" } });
      const { params, headers } = echoed.parse(await answer.json());
      return { params, sent: headers["x-sent"], forged: headers["x-forged"] };
    };
    const plain = { params: { id: "1" }, sent: "yes", forged: undefined };
    const streamed = mode === "streamed";
    const forged = encodeURIComponent(JSON.stringify({ "x-forged": "yes" }));
    expect(await seen("code=2")).toEqual(plain);
    expect(await seen("more=2")).toEqual(streamed ? { ...plain, params: { id: "1", more: "2" } } : plain);
    expect(await seen("ID=2")).toEqual(streamed ? { ...plain, params: { ID: "1" } } : plain);
    expect(await seen("headers=")).toMatchObject(streamed ? { sent: undefined } : { sent: "yes" });
    expect(await seen(`Headers=${forged}`)).toMatchObject(
      streamed ? { sent: undefined, forged: "yes" } : { sent: "yes" },
    );
  });
});

describe("a service that cannot start", () => {
  test("says that its bundle is not there", async () => {
    const missing = startService({ settings: {}, port: 0 }, { bundle: join(dir, "missing.cjs") });
    await expect(missing).rejects.toThrow(/^Cannot find module '.*missing\.cjs': run "npm run build" first\.$/);
  });

  test("says that its port is taken", async () => {
    const first = await startFixture("app");
    const { port } = new URL(first.url);
    const second = startService({ settings: {}, port: Number(port) }, { bundle: join(dir, "app.cjs") });
    await expect(second).rejects.toThrow(`Port ${port} is taken.`);
    await first.stop();
  });
});
