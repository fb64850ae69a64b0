import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { InvocationContext } from "@azure/functions";
import { beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { adminPage } from "../../../functions/console.ts";
import { create } from "../../../functions/create.ts";
import { disable } from "../../../functions/disable.ts";
import { get } from "../../../functions/get.ts";
import { health } from "../../../functions/health.ts";
import { jwks } from "../../../functions/jwks.ts";
import { list } from "../../../functions/list.ts";
import { metadata } from "../../../functions/metadata.ts";
import { regenerate } from "../../../functions/regenerate.ts";
import { token } from "../../../functions/token.ts";
import { adminEndpoint, publicEndpoint, tokenEndpoint } from "../../../shared/endpoint.ts";
import type { HttpRequest } from "../../../shared/http/http-request.ts";
import { json } from "../../../shared/http/response.ts";
import { type FunctionsCore, serveForwardedRequests } from "../../../shared/worker/worker-http.ts";
import { createFakeServices, type FakeServices } from "../../fakes/fake-services.ts";
import { type Connection, openConnection } from "../../support/raw-http.ts";

type Model = Parameters<FunctionsCore["setProgrammingModel"]>[0];
type Invocation = Parameters<Model["getInvocationModel"]>[0];
type Handler = (request: HttpRequest) => unknown;

/** An invocation: the route of its function, and binding data beside that of the host. */
interface Invoked {
  readonly id: string;
  readonly handler: unknown;
  readonly route?: string;
  readonly bindingData?: Record<string, { string?: string; json?: string }>;
}

/** Starts a worker with the module under test. The library provides the invocation context alone. */
async function startWorker() {
  const lines: string[] = [];
  let model: Model | undefined = {
    name: "@azure/functions",
    version: "4",
    getCapabilities: async (capabilities) => capabilities,
    getInvocationModel: ({ invocationId, request }) => ({
      getArguments: async () => {
        expect(request.inputData).toEqual([]);
        const logHandler = (_level: string, line: unknown) => void lines.push(String(line));
        return { context: new InvocationContext({ invocationId, functionName: "tested", logHandler }), inputs: [] };
      },
      invokeFunction: async (context, inputs, callback) =>
        (callback as (...args: unknown[]) => unknown)(...inputs, context),
      getResponse: async (_context, result) => {
        expect(result).toBeUndefined();
      },
    }),
  };
  serveForwardedRequests({
    getProgrammingModel: () => model,
    setProgrammingModel: (next) => {
      model = next;
    },
  });
  const { HttpUri: url = "" } = await model.getCapabilities({});

  /** Runs a function in the steps of InvocationHandler.ts of the worker. */
  const invoke = async ({ id, handler, route = "tested", bindingData = {} }: Invoked) => {
    const invocation: Invocation = {
      invocationId: id,
      request: { triggerMetadata: bindingData, inputData: [{}] },
      metadata: { bindings: { trigger: { type: "httpTrigger", route } } },
    };
    const run = model?.getInvocationModel({ ...invocation, request: { ...invocation.request, inputData: [] } });
    if (!run) throw new Error("no model");
    const { context, inputs } = await run.getArguments();
    await run.getResponse(context, await run.invokeFunction(context, inputs, handler));
  };
  return { url, lines, invoke };
}

let worker: Awaited<ReturnType<typeof startWorker>>;
let services: FakeServices;
beforeAll(async () => {
  worker = await startWorker();
  services = await createFakeServices();
});

const nextId = () => randomUUID();

/** Returns the bytes of a request as the host forwards it. */
function forwarded(id: string, startLine: string, headers: Record<string, string>, body = ""): string {
  const fields = Object.entries({ Host: "worker", "X-Ms-Invocation-Id": id, ...headers });
  return `${startLine} HTTP/1.1\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n${body}`;
}

const FORM = "application/x-www-form-urlencoded";
const JSON_TYPE = { "Content-Type": "application/json" };

/** Returns a body of a size in both framings of HTTP/1.1. */
function framings(size: number): [string, Record<string, string>, string][] {
  const bytes = "x".repeat(size);
  const chunk = size === 0 ? "" : `${size.toString(16)}\r\n${bytes}\r\n`;
  return [
    ["with a length", { "Content-Length": String(size) }, bytes],
    ["in chunks", { "Transfer-Encoding": "chunked" }, `${chunk}0\r\n\r\n`],
  ];
}

/** Expects that the connection serves a further request with the right answer. */
async function expectInOrder(connection: Connection): Promise<void> {
  const id = nextId();
  connection.socket.write(forwarded(id, "POST /tested", { "Content-Length": "5" }, "hello"));
  const echo: Handler = async ({ body }) =>
    json(200, { body: Buffer.concat(await Array.fromAsync(body ?? [])).toString() });
  const [answer] = await Promise.all([connection.answer(), worker.invoke({ id, handler: echo })]);
  expect(answer).toMatchObject({ status: 200, text: '{"body":"hello"}' });
}

describe("answers before the body is read [check 8]", () => {
  const source = () => services;
  const admin = () => ({ Authorization: `Bearer ${services.adminToken()}` });
  const Clients = "api/admin/api-clients";
  const Client = `${Clients}/{client_id}`;
  const tokens = tokenEndpoint(token, source);
  const creates = adminEndpoint(create, source);
  const throws = () => Promise.reject(new Error("thrown on purpose"));
  const early: [string, string, () => Record<string, string>, unknown, string, number[]][] = [
    ["a token by PUT", "PUT /oauth/token", () => ({}), tokens, "oauth/token", [405]],
    ["a token by JSON", "POST /oauth/token", () => ({ "Content-Type": "text/json" }), tokens, "oauth/token", [400]],
    ["a token by URL", "POST /oauth/token?scope=x", () => ({ "Content-Type": FORM }), tokens, "oauth/token", [400]],
    ["a token by a bad form", "POST /oauth/token", () => ({ "Content-Type": FORM }), tokens, "oauth/token", [400, 413]],
    ["create without a token", `POST /${Clients}`, () => ({}), creates, Clients, [401]],
    ["create without a media type", `POST /${Clients}`, admin, creates, Clients, [415]],
    ["create from no JSON", `POST /${Clients}`, () => ({ ...admin(), ...JSON_TYPE }), creates, Clients, [400, 413]],
    ["list", `GET /${Clients}`, () => ({}), adminEndpoint(list, source), Clients, [400, 401]],
    ["get", `GET /${Clients}/x`, () => ({}), adminEndpoint(get, source), Client, [400, 401]],
    ["disable", `DELETE /${Clients}/x`, () => ({}), adminEndpoint(disable, source), Client, [400, 401]],
    ["regenerate", `POST /${Clients}/x/y`, () => ({}), adminEndpoint(regenerate, source), `${Client}/y`, [400, 401]],
    ["health", "GET /health", () => ({}), publicEndpoint(health, source), "health", [200]],
    ["keys", "GET /jwks.json", () => ({}), publicEndpoint(jwks, source), "jwks.json", [200]],
    ["metadata", "GET /metadata", () => ({}), publicEndpoint(metadata, source), "metadata", [200]],
    [
      "the page",
      "GET /console/none.js",
      () => ({}),
      publicEndpoint(adminPage("dist/app/console"), source),
      "console/{*path}",
      [404],
    ],
    ["a function that throws", "POST /tested", () => ({}), throws, "tested", [500]],
    ["a function that returns nothing", "POST /tested", () => ({}), () => undefined, "tested", [500]],
  ];
  test.for(early)(
    "the connection stays usable after an answer before the body is read: %s",
    async ([, startLine, headers, handler, route, statuses]) => {
      await using connection = await openConnection(worker.url);
      for (const size of [0, 1_000, 70_000, 300_000, 900_000]) {
        for (const [framing, frame, body] of framings(size)) {
          const id = nextId();
          connection.socket.write(forwarded(id, startLine, { ...headers(), ...frame }, body));
          const invoked = worker.invoke({ id, handler, route }).catch(() => {});
          expect(statuses, `${size} bytes ${framing}`).toContain((await connection.answer()).status);
          await invoked;
          await expectInOrder(connection);
        }
      }
    },
  );
});

describe("bodies without an end", () => {
  const refuse = () => json(413, { refused: true });
  const start = (connection: Connection) => {
    const id = nextId();
    connection.socket.write(forwarded(id, "POST /tested", { "Transfer-Encoding": "chunked" }));
    return worker.invoke({ id, handler: refuse });
  };
  const chunk = `4000\r\n${"x".repeat(0x4000)}\r\n`;

  test("a body without an end gets its whole answer, and the connection is closed", async () => {
    await using connection = await openConnection(worker.url);
    const answered = start(connection);
    const send = () => connection.socket.write(chunk, (error) => error || setImmediate(send));
    send();
    const [answer] = await Promise.all([connection.answer(), answered]);
    expect(answer).toMatchObject({ status: 413, text: '{"refused":true}' });
    await expect(connection.answer()).rejects.toThrow();
  });

  test("a body that stalls gets its whole answer, and the connection is closed", async () => {
    await using connection = await openConnection(worker.url);
    const answered = start(connection);
    connection.socket.write(chunk);
    const [answer] = await Promise.all([connection.answer(), answered]);
    expect(answer).toMatchObject({ status: 413, text: '{"refused":true}' });
    await expect(connection.answer()).rejects.toThrow("The connection ended");
  });

  test("a body whose sender disconnects ends its invocation", async () => {
    const connection = await openConnection(worker.url);
    const answered = start(connection);
    connection.socket.destroy();
    await answered;
  });
});

describe("a request and its invocation", () => {
  const ok = () => json(200, {});

  test("a request and its invocation are matched in either order of arrival", async () => {
    await using connection = await openConnection(worker.url);
    for (const isAnnouncedFirst of [true, false]) {
      const id = nextId();
      const send = () => connection.socket.write(forwarded(id, "GET /tested", {}));
      const first = isAnnouncedFirst ? worker.invoke({ id, handler: ok }) : send();
      await sleep(50);
      await Promise.all([first, isAnnouncedFirst ? send() : worker.invoke({ id, handler: ok })]);
      expect(await connection.answer()).toMatchObject({ status: 200 });
    }
  });

  test("an unmatched request and an unmatched invocation end after ten seconds with an answer and a log line", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    const id = nextId();
    const invoked = worker.invoke({ id, handler: ok });
    const ended = expect(invoked).rejects.toThrow("The host did not forward the request within 10 s.");
    await using connection = await openConnection(worker.url);
    connection.socket.write(forwarded(nextId(), "GET /tested", {}));
    while (vi.getTimerCount() < 2) await sleep(5);
    vi.advanceTimersByTime(9_999);
    expect(vi.getTimerCount()).toBe(2);
    vi.advanceTimersByTime(1);
    await ended;
    expect(await connection.answer()).toMatchObject({ status: 500, text: "" });
    expect(worker.lines.map((line) => JSON.parse(line))).toContainEqual({
      time: expect.any(String),
      level: "error",
      request_id: id,
      event: "forward",
      outcome: "failed",
      reason: "The host did not forward the request within 10 s.",
    });
  });

  test.for<[string, Handler]>([
    ["throws", () => Promise.reject(new Error("thrown on purpose"))],
    ["returns nothing", () => undefined],
  ])("the answer of a function that %s has the id of the invocation [check 61]", async ([, handler]) => {
    const id = nextId();
    const answered = fetch(`${worker.url}tested`, { headers: { "x-ms-invocation-id": id } });
    await worker.invoke({ id, handler }).catch(() => {});
    const { status, headers } = await answered;
    expect({ status, id: headers.get("x-request-id") }).toEqual({ status: 500, id });
  });

  // The host keeps the header when a caller has sent it (DefaultHttpProxyService.cs: TryAdd).
  test("a request and its invocation are matched by an id that the caller sent, and are marked", async () => {
    const seen: Handler = ({ isContradicted }) => json(200, { isContradicted });
    const bindingData = { Headers: { json: JSON.stringify({ "X-Ms-Invocation-Id": "own,another" }) } };
    for (const id of ["own, another", nextId()]) {
      await using connection = await openConnection(worker.url);
      connection.socket.write(forwarded(id, "GET /tested", {}));
      await worker.invoke({ id, handler: seen, bindingData });
      expect(await connection.answer()).toMatchObject({ status: 200, text: '{"isContradicted":true}' });
    }
  });

  test("requests that all have the same id from their callers are each answered once", async () => {
    const bindingData = { Headers: { json: JSON.stringify({ "x-ms-invocation-id": "shared" }) } };
    const echo: Handler = ({ query, isContradicted }) => json(200, { id: query.get("id"), isContradicted });
    const answers = Array.from({ length: 10 }, async (_, index) => {
      await using connection = await openConnection(worker.url);
      connection.socket.write(forwarded("shared", `GET /tested?id=${index}`, {}));
      return (await connection.answer()).text;
    });
    await sleep(20);
    await Promise.all(answers.map(() => worker.invoke({ id: nextId(), handler: echo, bindingData })));
    expect(await Promise.all(answers)).toEqual(
      answers.map((_, index) => JSON.stringify({ id: String(index), isContradicted: true })),
    );
  });

  test.for<[string, string]>([
    ["UTF-8", "café"],
    ["a control character", "a\u0001b"],
  ])(
    "does not wait ten seconds for a request that the host does not forward, with %s in a header",
    async ([, value]) => {
      const bindingData = { Headers: { json: JSON.stringify({ "user-agent": value }) } };
      const invoked = worker.invoke({ id: nextId(), handler: ok, bindingData });
      await expect(invoked).rejects.toThrow("The host did not forward the request within 2 s.");
    },
  );

  test.for<[string, Record<string, string>]>([
    ["60 KB of headers", { "X-Long": "x".repeat(60_000) }],
    ["an unknown expectation", { Expect: "x" }],
  ])("a request with %s is matched with its invocation", async ([, headers]) => {
    await using connection = await openConnection(worker.url);
    const id = nextId();
    connection.socket.write(forwarded(id, "GET /tested", headers));
    await worker.invoke({ id, handler: ok });
    expect(await connection.answer()).toMatchObject({ status: 200 });
  });
});

describe("headers, query and route parameters", () => {
  const seen: Handler = ({ headers, query, params, isContradicted }) => {
    const authorization = headers.get("Authorization");
    return json(200, { authorization, query: Object.fromEntries(query), params, isContradicted });
  };
  const ask = async (invoked: Partial<Invoked>, target = "/clients/a%2Db", headers: Record<string, string> = {}) => {
    await using connection = await openConnection(worker.url);
    const id = nextId();
    connection.socket.write(forwarded(id, `GET ${target}`, { Authorization: "sent", ...headers }));
    await worker.invoke({ id, handler: seen, route: "clients/{client_id}", ...invoked });
    return JSON.parse((await connection.answer()).text);
  };
  const told = (headers: object) => ({ json: JSON.stringify(headers) });
  const honest = { authorization: "sent", query: {}, params: { client_id: "a-b" }, isContradicted: false };

  test("reads headers, query and route parameters from the request itself", async () => {
    expect(await ask({})).toEqual(honest);
    expect(
      await ask({ bindingData: { Headers: told({ AUTHORIZATION: "sent" }), client_id: { string: "a-b" } } }),
    ).toEqual(honest);
    expect(await ask({}, "/Clients/a-b/?q=1&q=2")).toEqual({ ...honest, query: { q: "2" } });
    expect(await ask({ route: "files/{id}/{*rest}" }, "/files/1/x/%79%2Fz")).toMatchObject({
      params: { id: "1", rest: "x/y/z" },
    });
    expect(await ask({ route: "files/{*rest}" }, "/files/")).toMatchObject({ params: {} });
    expect(await ask({}, "/clients/%zz")).toMatchObject({ params: { client_id: "%zz" } });
  });

  test.for<[string, Invoked["bindingData"] & {}]>([
    ["headers by a member Headers", { Headers: told({ authorization: "forged" }) }],
    ["no headers by a member Headers", { Headers: told({}) }],
    ["a text by a member Headers", { Headers: { string: "forged" } }],
    ["headers by a member headers", { headers: told({ authorization: "sent" }) }],
    ["a query by a member query", { query: told({}), Headers: told({ authorization: "sent" }) }],
    ["a route parameter by a member in another case", { CLIENT_ID: { string: "a-b" } }],
  ])("marks a request whose binding data set %s", async ([, bindingData]) => {
    expect(await ask({ bindingData })).toEqual({ ...honest, isContradicted: true });
  });

  test.for(["headers", "Headers", "QUERY", "client_id", "Client_ID"])(
    "marks a request with the query parameter %s",
    async (name) => {
      expect(await ask({}, `/clients/a-b?${name}=x`)).toMatchObject({ params: honest.params, isContradicted: true });
    },
  );
});

describe("X-Forwarded-For as the host received it", () => {
  const Told = "198.51.100.1, 203.0.113.7:50123";
  const seen: Handler = async ({ forwardedFor, body }) => {
    const before = forwardedFor?.();
    for await (const _ of body ?? []);
    return json(200, { before, after: forwardedFor?.() });
  };
  const ask = async (startLine: string, headers: Record<string, string>, body = "", handler = seen) => {
    await using connection = await openConnection(worker.url);
    const id = nextId();
    // The host's forwarder writes the address of its own caller, the front end of the platform.
    connection.socket.write(forwarded(id, startLine, { "X-Forwarded-For": "169.254.130.1", ...headers }, body));
    const bindingData = { Headers: { json: JSON.stringify({ "X-Forwarded-For": Told }) } };
    await worker.invoke({ id, handler, bindingData });
    return JSON.parse((await connection.answer()).text);
  };

  test("comes from the binding data, and not from the forwarded request", async () => {
    expect(await ask("GET /tested", {})).toEqual({ before: Told, after: Told });
    expect(await ask("POST /tested", { "Content-Length": "0" })).toEqual({ before: Told, after: Told });
  });

  test("counts for a form once its body shows that it is no JSON", async () => {
    const form = "grant_type=client_credentials";
    expect(await ask("POST /tested", { "Content-Length": String(form.length) }, form)).toEqual({ after: Told });
    expect(await ask("POST /tested", { "Transfer-Encoding": "chunked" }, "2\r\na=\r\n0\r\n\r\n")).toEqual({
      after: Told,
    });
  });

  // A member Headers of a JSON object, in any media type and encoding, takes the place of the host's own entry.
  test.for<[string, string]>([
    ["JSON", '{"Headers":{"X-Forwarded-For":"203.0.113.9"}}'],
    ["JSON after white space", ' \r\n{"Headers":{}}'],
    ["JSON after a byte order mark", '\u{feff}{"Headers":{}}'],
    ["JSON in UTF-16", '\0{\0"'],
    ["JSON in UTF-7", "+AHs-"],
    ["an array", "[]"],
  ])("never counts for a body that may be %s", async ([, body]) => {
    expect(await ask("POST /tested", { "Content-Length": String(Buffer.byteLength(body)) }, body)).toEqual({});
  });

  test("does not count for a body that was not read", async () => {
    const unread: Handler = ({ forwardedFor }) => json(200, { told: forwardedFor?.() });
    expect(await ask("POST /tested", { "Content-Length": "3" }, "a=b", unread)).toEqual({});
  });

  test("is absent where the binding data have no headers", async () => {
    await using connection = await openConnection(worker.url);
    const id = nextId();
    connection.socket.write(forwarded(id, "GET /tested", { "X-Forwarded-For": "203.0.113.9" }));
    await worker.invoke({ id, handler: seen });
    expect((await connection.answer()).text).toBe("{}");
  });
});

test("fails to start before functions are registered with @azure/functions", () => {
  const serve = () => serveForwardedRequests({ getProgrammingModel: () => undefined, setProgrammingModel: vi.fn() });
  expect(serve).toThrow("Functions must be registered with @azure/functions first.");
});
