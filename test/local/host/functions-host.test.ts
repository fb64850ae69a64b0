import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Service } from "../../../local/host/service.ts";
import { openConnection, sendRaw } from "../../support/raw-http.ts";
import { bundleFixtures, head, logged } from "./fixture-app.ts";

const { dir, start } = await bundleFixtures();

describe("a Functions host", () => {
  let service: Service;
  const statusOf = async (path: string, init?: RequestInit, url = service.url) =>
    (await fetch(url + path, init)).status;
  const withKey = (headers: Record<string, string> = {}) => ({ "x-functions-key": service.hostKey, ...headers });

  beforeAll(async () => {
    service = await start({ env: { "AzureWebJobs.disabled.Disabled": "true" } });
  });
  afterAll(() => service.stop());

  test("passes method, URL, parameters, headers and body of a request to its function", async () => {
    const answer = await fetch(`${service.url}/ECHO/a%2Fb%20c/x/y?q=%zz{`, {
      method: "PUT",
      headers: { "content-type": "text/plain" },
      body: "hello",
    });
    expect(answer.status).toBe(201);
    expect(answer.headers.get("x-echo")).toBe("yes");
    expect(await answer.json()).toMatchObject({
      method: "PUT",
      url: expect.stringMatching(/\/ECHO\/a%252Fb%20c\/x\/y\?q=%25zz%7B$/),
      params: { id: "a%2Fb c", rest: "x/y" },
      headers: { "content-type": "text/plain", "x-forwarded-for": expect.stringMatching(/^127\.0\.0\.1:\d+$/) },
      body: "hello",
    });
  });

  test("joins repeated request headers with a comma", async () => {
    const request = head(`POST /echo/1/ HTTP/1.1
      X-Repeated: one
      x-repeated: two
      X-Forwarded-For: 203.0.113.9
      Content-Length: 0`);
    const { headers } = JSON.parse((await sendRaw(service.url, `${request}\r\n`)).text);
    expect(headers["x-repeated"]).toBe("one,two");
    expect(headers["x-forwarded-for"]).toMatch(/^203\.0\.113\.9,127\.0\.0\.1:\d+$/);
  });

  test("prefers a literal route, defaults to the name of the function, and ignores a slash at the end", async () => {
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
    ["a route with the prefix of the host's own", "/administration", "GET"],
    ["a function with a name of the host's own", "/runtime", "GET"],
    ["a disabled function", "/disabled", "GET"],
    ["a doubled slash", "//api/get", "GET"],
    ["an operation of the host itself through the gateway", "/admin/functions/tick", "POST"],
  ])("answers an empty 404 to %s", async (_what, path, method) => {
    const answer = await fetch(service.url + path, { method });
    expect([answer.status, await answer.text()]).toEqual([404, ""]);
  });

  test("logs the reason when it refuses a function", () => {
    const errors = service.lines.filter((line) => line.includes("function is in error"));
    expect(errors).toEqual([
      "functions: The 'reserved' function is in error: The specified route conflicts with one or more built in routes.",
      "functions: The 'runtime' function is in error: The specified route conflicts with one or more built in routes.",
      "functions: The 'rival' function is in error: The route specified conflicts with the route defined by function 'get'.",
    ]);
  });

  test("runs the start, invocation and log hooks of the app", async () => {
    await fetch(`${service.url}/api/get`);
    await logged(service, "logged: get ended well");
    expect(service.lines[0]).toBe("appStart");
  });

  test("forwards cookies and the id of the invocation to the caller", async () => {
    const { headers } = await fetch(`${service.url}/cookies`);
    expect(headers.getSetCookie()).toEqual([expect.stringMatching(/^a=1/)]);
    expect(headers.get("x-ms-invocation-id")).toMatch(/^[0-9a-f-]{36}$/);
  });

  test("logs a request in one line, without its query", async () => {
    await fetch(`${service.url}/unknown?secret=hidden`);
    await logged(service, "GET /unknown 404 ");
    expect(service.lines.join("\n")).not.toContain("hidden");
  });

  test("requires its key for a function that is not anonymous; the gateway sets it on every request", async () => {
    const keyed = async (headers: Record<string, string>, query = "") => {
      const answer = await fetch(`${service.hostUrl}/keyed${query}`, { headers });
      return [answer.status, await answer.text()];
    };
    const allowed = [200, "for those with the key"];
    expect(await keyed({})).toEqual([401, ""]);
    expect(await keyed({ "x-functions-key": "wrong" })).toEqual([401, ""]);
    expect(await keyed({ "x-functions-key": "wrong" }, `?code=${service.hostKey}`)).toEqual([401, ""]);
    expect(await keyed({}, `?code=${service.hostKey}`)).toEqual(allowed);
    expect(await keyed(withKey())).toEqual(allowed);
    expect(await statusOf("/api/get", {}, service.hostUrl)).toBe(200);
    for (const headers of [{}, { "x-functions-key": "wrong" }]) expect(await statusOf("/keyed", { headers })).toBe(200);
    expect(service.lines.join("\n")).not.toContain(service.hostKey);
  });

  test("runs a timer function for a caller with the key, and answers with the log lines of the run", async () => {
    const run = async (timer: string, headers: Record<string, string>) => {
      const init = { method: "POST", headers, body: "{}" };
      const answer = await fetch(`${service.hostUrl}/admin/functions/${timer}`, init);
      return [answer.status, await answer.text()];
    };
    const json = { "content-type": "application/json" };
    expect(await run("tick", withKey(json))).toEqual([202, "logged: tick false\nlogged: tick ended well"]);
    await logged(service, "logged: tick false");
    const failure = "Executed 'fails' (Failed): Error: timer failed on purpose";
    expect(await run("fails", withKey(json))).toEqual([202, expect.stringContaining(`\n${failure}`)]);
    await logged(service, failure);
    expect(await run("unknown", withKey(json))).toEqual([404, ""]);
    expect(await run("tick", withKey())).toEqual([415, ""]);
    expect(await run("tick", json)).toEqual([401, ""]);
  });

  test("serves a home page unless AzureWebJobsDisableHomepage is true", async () => {
    const answer = await fetch(service.url);
    expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "text/html"]);
    const without = await start({ env: { AzureWebJobsDisableHomepage: "true" } });
    expect(await statusOf("/", {}, without.url)).toBe(204);
    await without.stop();
  });

  test("runs the terminate hook of the app when it stops", async () => {
    const ending = await start();
    await ending.stop();
    expect(ending.lines.at(-1)).toBe("appTerminate");
    expect(await ending.exited).toBe(0);
    await expect(fetch(ending.url)).rejects.toThrow();
  });

  test("aborts the request of a client that closes its connection", async () => {
    const connection = await openConnection(service.url);
    connection.socket.write(`${head("POST /slow HTTP/1.1\nTransfer-Encoding: chunked")}\r\n4\r\nhalf\r\n`);
    setTimeout(() => connection.socket.destroy(), 1_000);
    await logged(service, "POST /slow aborted ");
    await logged(service, "the request was cut off");
  });

  test.each([
    ["a request line over 8 KB", `GET /api/get?${"x".repeat(8_200)} HTTP/1.1`, 414],
    ["headers over 32 KB", `GET /api/get HTTP/1.1\nX-Long: ${"x".repeat(33_000)}`, 431],
    ["headers over 256 KB", `GET /api/get HTTP/1.1\nX-Long: ${"x".repeat(264_000)}`, 431],
    ["more than 100 headers", `GET /api/get HTTP/1.1${"\nX-Many: 1".repeat(101)}`, 431],
    ["a header that is not UTF-8", "GET /api/get HTTP/1.1\nX-Latin: caf\u00e9", 400],
    ["a NUL in the path", "GET /api/get%00 HTTP/1.1", 400],
    ["an invalid Host", "GET /api/get HTTP/1.1\nHost: a b", 400],
  ])("refuses %s before any function runs, and closes the connection", async (_what, request, status) => {
    await using connection = await openConnection(service.url);
    connection.socket.write(`${head(request)}\r\n`, "latin1");
    expect(await connection.answer()).toMatchObject({ status, text: "" });
    await expect(connection.answer()).rejects.toThrow("The connection ended");
  });

  test("accepts a request line of 8 KB", async () => {
    const request = `GET /api/get?${"x".repeat(8_100)} HTTP/1.1\nX-Long: ${"x".repeat(7_000)}`;
    expect(await sendRaw(service.url, `${head(request)}\r\n`)).toMatchObject({ status: 200 });
  });
});

describe("a service that cannot start", () => {
  test("reports a missing bundle, and how to build it", async () => {
    const missing = start({ bundle: join(dir, "missing.cjs") });
    await expect(missing).rejects.toThrow(/^Cannot find module '.*missing\.cjs': run "npm run build" first\.$/);
  });

  test("reports a port in use", async () => {
    const first = await start();
    const { port } = new URL(first.url);
    await expect(start({ port: Number(port) })).rejects.toThrow(`Port ${port} is taken.`);
    await first.stop();
  });

  test("reports an app that does not stream", async () => {
    const sentence = "The app does not stream: it must call app.setup({ enableHttpStream: true }).";
    await expect(start({}, "not-streaming-app")).rejects.toThrow(sentence);
  });
});
