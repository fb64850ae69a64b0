import { mkdtemp, rm } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { createHttpHeaders, createPipelineRequest, type HttpMethods, RestError } from "@azure/core-rest-pipeline";
import { TableClient } from "@azure/data-tables";
import { SecretClient } from "@azure/keyvault-secrets";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { loopbackCertificate, trustCertificate } from "../../local/azure/certificate.ts";
import { close, listen } from "../../local/server/http-server.ts";
import { azureHttpClient, stripTablePipeline, vaultHttp } from "../../shared/azure/azure-http.ts";
import { withDirectReads } from "../../shared/azure/direct-calls.ts";

let url: string;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
let stop: () => Promise<void>;
const sockets = new Set<unknown>();

beforeAll(async () => {
  const dir = await mkdtemp(join(tmpdir(), "socmate-"));
  const certificate = await loopbackCertificate(dir);
  trustCertificate(certificate);
  const server = createServer({ cert: certificate.cert, key: certificate.key }, (request, response) => {
    sockets.add(request.socket);
    answer(request, response);
  });
  url = `https://127.0.0.1:${await listen(server)}`;
  stop = async () => {
    await close(server);
    await rm(dir, { recursive: true });
  };
});
afterAll(() => stop());
beforeEach(() => sockets.clear());

function send(path: string, options: { method?: HttpMethods; body?: string; abortSignal?: AbortSignal } = {}) {
  const headers = createHttpHeaders({ "X-One": "1" });
  return azureHttpClient.sendRequest(createPipelineRequest({ url: url + path, headers, ...options }));
}

describe("the HTTP client of the Azure SDKs", () => {
  test("sends method, path, headers and body, and hands back status, headers and text", async () => {
    answer = async (request, response) => {
      const { method, url: path, headers } = request;
      const received = { method, path, one: headers["x-one"], length: headers["content-length"], host: headers.host };
      response.writeHead(207, { "X-Two": "2" }).end(JSON.stringify({ ...received, body: await text(request) }));
    };
    const { status, headers, bodyAsText } = await send("/a(b='c')?d=e", { method: "POST", body: "é" });
    expect(status).toBe(207);
    expect(headers.get("X-TWO")).toBe("2");
    const host = url.replace("https://", "");
    const sent = { method: "POST", path: "/a(b='c')?d=e", one: "1", length: "2", host, body: "é" };
    expect(JSON.parse(bodyAsText ?? "")).toEqual(sent);
  });

  test("keeps text whole that comes in pieces", async () => {
    answer = (_request, response) => {
      const bytes = Buffer.from("é€😀");
      for (const byte of bytes) response.write(Buffer.of(byte));
      response.end();
    };
    expect(await send("/")).toMatchObject({ status: 200, bodyAsText: "é€😀" });
  });

  test("keeps its connections", async () => {
    answer = (_request, response) => void response.end("{}");
    for (let count = 0; count < 20; count++) await send("/");
    // One is only free again in the turn after the answer.
    expect(sockets.size).toBeLessThanOrEqual(2);
  });

  test("follows no redirect", async () => {
    answer = (_request, response) => void response.writeHead(302, { Location: "https://elsewhere.example" }).end();
    expect(await send("/")).toMatchObject({ status: 302 });
  });

  test("gives up when its signal aborts, before, during or after the wait for an answer", async () => {
    await expect(send("/", { abortSignal: AbortSignal.abort() })).rejects.toThrow(RestError);

    const { promise: arrived, resolve } = Promise.withResolvers<IncomingMessage>();
    answer = (request) => resolve(request);
    const controller = new AbortController();
    const waiting = send("/", { abortSignal: controller.signal });
    const { socket } = await arrived;
    controller.abort();
    await expect(waiting).rejects.toThrow(RestError);
    await expect.poll(() => socket.destroyed).toBe(true);

    answer = (_request, response) => void response.write("half");
    const late = new AbortController();
    const reading = send("/", { abortSignal: late.signal });
    setTimeout(() => late.abort(), 50);
    await expect(reading).rejects.toThrow(RestError);
  });

  test.each([
    ["before the answer", (response: ServerResponse) => void response.destroy()],
    ["in the middle of it", (response: ServerResponse) => void response.write("half", () => response.destroy())],
  ])("tells of a connection that breaks %s, with a code and no status", async (_when, breakOff) => {
    answer = (_request, response) => breakOff(response);
    const error = await send("/").catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RestError);
    expect(error).toMatchObject({ code: "UND_ERR_SOCKET", statusCode: undefined });
  });

  test("goes to nobody but holders of a trusted certificate", async () => {
    answer = (_request, response) => void response.end("{}");
    const elsewhere = createPipelineRequest({ url: url.replace("127.0.0.1", "127.0.0.2") });
    await expect(azureHttpClient.sendRequest(elsewhere)).rejects.toThrow(RestError);
  });
});

describe("the clients of the Azure SDKs", () => {
  const credential = { getToken: async () => ({ token: "t", expiresOnTimestamp: Date.now() + 3_600_000 }) };
  /** What the SDKs would add for telemetry, compression and the like. */
  const unneeded = ["user-agent", "x-ms-useragent", "x-ms-client-request-id", "accept-encoding", "traceparent"];

  test("send a table request with its authentication and without telemetry", async () => {
    const seen: IncomingMessage[] = [];
    answer = (request, response) => {
      seen.push(request);
      response.writeHead(200, { "Content-Type": "application/json" }).end('{"PartitionKey":"a","RowKey":"b","x":"y"}');
    };
    const table = new TableClient(url, "apiclients", credential, { httpClient: azureHttpClient });
    stripTablePipeline(table.pipeline);
    expect(await table.getEntity("a", "b")).toMatchObject({ partitionKey: "a", rowKey: "b", x: "y" });
    expect(seen.map(({ headers }) => headers.authorization)).toEqual(["Bearer t"]);
    expect(unneeded.filter((name) => name in (seen[0]?.headers ?? {}))).toEqual([]);
  });

  /** Answers a transaction of two writes with the parts of a batch, as Table Storage writes them. */
  const batch = (...parts: string[]) => ({
    status: 202,
    type: "multipart/mixed; boundary=batchresponse_1",
    body: [
      "--batchresponse_1\r\nContent-Type: multipart/mixed; boundary=changesetresponse_1\r\n\r\n",
      ...parts.map((part) => `--changesetresponse_1\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 ${part}\r\n\r\n`),
      "--changesetresponse_1--\r\n--batchresponse_1--\r\n",
    ].join(""),
  });
  const done = '204 No Content\r\nETag: W/"1"';
  const failed = (status: string, code: string) =>
    `${status}\r\nContent-Type: application/json\r\n\r\n{"odata.error":{"code":"${code}","message":{"lang":"en-US","value":"1:x"}}}`;
  const unknown = { statusCode: undefined, code: "INCOMPLETE_ANSWER" };

  test.for<[string, { status: number; type: string; body: string }, object | undefined]>([
    ["both writes are done", batch(done, done), undefined],
    [
      "one write conflicts",
      batch(failed("412 Precondition Failed", "UpdateConditionNotSatisfied")),
      { statusCode: 412, details: { odataError: { code: "UpdateConditionNotSatisfied" } } },
    ],
    ["the server is busy inside", batch(failed("503 Service Unavailable", "ServerBusy")), { statusCode: 503 }],
    [
      "the batch is forbidden",
      { status: 403, type: "application/json", body: '{"odata.error":{"code":"AuthorizationFailure"}}' },
      { statusCode: 403, details: { odataError: { code: "AuthorizationFailure" } } },
    ],
    ["a write is answered without a body", batch("412 Precondition Failed"), unknown],
    ["a write has no answer", batch(done), unknown],
    ["a proxy answers in place of Azure", { status: 200, type: "text/html", body: "<p>Sign in</p>" }, unknown],
  ])(
    "a transaction is done only if the answer says so of each write: %s",
    async ([, { status, type, body }, error]) => {
      answer = (_request, response) => void response.writeHead(status, { "Content-Type": type }).end(body);
      const client = new TableClient(url, "apiclients", credential, { httpClient: azureHttpClient });
      stripTablePipeline(client.pipeline);
      const sent = withDirectReads(client).submitTransaction([
        ["update", { partitionKey: "a", rowKey: "client" }, "Merge", { etag: "e" }],
        ["create", { partitionKey: "a", rowKey: "change!1!b" }],
      ]);
      if (error) await expect(sent).rejects.toMatchObject(error);
      else await expect(sent).resolves.toBeUndefined();
    },
  );

  test("answer Key Vault's challenge, and send without telemetry, retries or redirects", async () => {
    const seen: IncomingMessage[] = [];
    const challenge = 'Bearer authorization="https://login.microsoftonline.com/t", resource="https://vault.azure.net"';
    answer = (request, response) => {
      seen.push(request);
      if (!request.headers.authorization) response.writeHead(401, { "WWW-Authenticate": challenge }).end();
      else if (request.url?.startsWith("/secrets/busy")) response.writeHead(429, { "Retry-After": "1" }).end("{}");
      else
        response
          .writeHead(200, { "Content-Type": "application/json" })
          .end(`{"value":"v","id":"${url}/secrets/a/b","attributes":{"enabled":true}}`);
    };
    const options = { ...vaultHttp(), disableChallengeResourceVerification: true };
    const vault = new SecretClient(url, credential, options);
    expect(await vault.getSecret("a")).toMatchObject({ value: "v" });
    expect(seen.map(({ headers }) => headers.authorization)).toEqual([undefined, "Bearer t"]);
    expect(unneeded.filter((name) => name in (seen[1]?.headers ?? {}))).toEqual([]);
    await expect(vault.getSecret("busy")).rejects.toMatchObject({ statusCode: 429 });
    expect(seen).toHaveLength(3);
  });
});
