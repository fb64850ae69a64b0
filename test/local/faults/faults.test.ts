import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { loopbackCertificate, trustCertificate } from "../../../local/azure/certificate.ts";
import { startFaultProxy } from "../../../local/faults/fault-proxy.ts";
import { Faults, parseFault } from "../../../local/faults/faults.ts";
import { operationOf } from "../../../local/faults/operation.ts";
import { close, listen } from "../../../local/server/http-server.ts";
import { readStartOptions } from "../../../local/start-options.ts";

const dir = await mkdtemp(join(tmpdir(), "socmate-faults-"));
const certificate = await loopbackCertificate(dir);
trustCertificate(certificate);

/** The requests that the proxy forwarded. */
let arrived: string[] = [];
const server = createServer({ cert: certificate.cert, key: certificate.key }, async (request, response) => {
  let body = "";
  for await (const chunk of request) body += chunk;
  arrived.push(`${request.method} ${request.url} ${request.headers.host} ${body}`);
  response.writeHead(201, { etag: "e" }).end("done");
});
const target = `https://127.0.0.1:${await listen(server)}`;
const faults = new Faults();
const proxy = await startFaultProxy(target, certificate, faults);
afterAll(async () => {
  await proxy.close();
  await close(server);
  await rm(dir, { recursive: true });
});
beforeEach(() => {
  arrived = [];
  faults.rules = [];
});

const put = () => fetch(`${proxy.url}/secrets/a?api-version=1`, { method: "PUT", body: "x" });
const received = () => `PUT /secrets/a?api-version=1 ${new URL(proxy.url).host} x`;

describe("a fault proxy", () => {
  test("forwards a request that no rule matches, with the Host of the caller", async () => {
    faults.rules = [parseFault("table-*=reset"), parseFault("secret-get=reset")];
    const answer = await put();
    expect([answer.status, answer.headers.get("etag"), await answer.text()]).toEqual([201, "e", "done"]);
    expect(arrived).toEqual([received()]);
  });

  test.for([
    ["secret-set=fail", 500, null],
    ["secret-set=fail:503", 503, null],
    ["secret-*=throttle", 429, null],
    ["*=throttle:5", 429, "5"],
  ] as const)(
    "answers a request under the rule %s with %d, and does not forward it",
    async ([rule, status, retryAfter]) => {
      faults.rules = [parseFault(rule)];
      const answer = await put();
      expect([answer.status, answer.headers.get("retry-after")]).toEqual([status, retryAfter]);
      expect(await answer.json()).toMatchObject({ error: { message: "injected fault" } });
      expect(arrived).toEqual([]);
    },
  );

  test.for([
    ["/secrets/a", "PUT", { error: { code: "Forbidden", message: expect.stringContaining("expiration date") } }],
    ["/secrets/a/", "GET", { error: { code: "Forbidden", innererror: { code: "ForbiddenByRbac" } } }],
    ["/keys/a/1/sign", "POST", { error: { code: "Forbidden", innererror: { code: "ForbiddenByRbac" } } }],
    [
      "/acct/apiclients(PartitionKey='a',RowKey='client')",
      "PATCH",
      { "odata.error": { code: "AuthorizationPermissionMismatch" } },
    ],
  ] as const)(
    "forbids a request in the words of its service, a new secret in those of Azure Policy: %s",
    async ([path, method, body]) => {
      faults.rules = [parseFault("*=forbid")];
      const answer = await fetch(proxy.url + path, { method });
      expect(answer.status).toBe(403);
      expect(await answer.json()).toMatchObject(body);
      expect(arrived).toEqual([]);
    },
  );

  test("demands an expiry date of a secret that is written, and of nothing else", async () => {
    faults.rules = [parseFault("secret-*=demand-expiry")];
    const statusOf = async (method: string, body?: object) =>
      (await fetch(`${proxy.url}/secrets/a`, { method, ...(body && { body: JSON.stringify(body) }) })).status;
    expect(await statusOf("PUT", { value: "x" })).toBe(403);
    expect(await statusOf("PATCH", { attributes: { enabled: false } })).toBe(403);
    expect(arrived).toEqual([]);
    expect(await statusOf("PUT", { value: "x", attributes: { exp: 1 } })).toBe(201);
    expect(await statusOf("GET")).toBe(201);
  });

  test("resets a connection before the request is applied, after it, or long before it", async () => {
    faults.rules = [parseFault("secret-set=reset")];
    await expect(put()).rejects.toThrow("fetch failed");
    expect(arrived).toEqual([]);
    faults.rules = [parseFault("secret-set=lose-reply")];
    await expect(put()).rejects.toThrow("fetch failed");
    expect(arrived).toEqual([received()]);
    faults.rules = [parseFault("secret-set=apply-later:100")];
    await expect(put()).rejects.toThrow("fetch failed");
    expect(arrived).toHaveLength(1);
    await proxy.settled();
    expect(arrived).toEqual([received(), received()]);
  });

  test("applies a delayed request even when its caller has aborted", async () => {
    faults.rules = [parseFault("secret-set=delay:100")];
    expect((await put()).status).toBe(201);
    const gone = new AbortController();
    const seen = faults.requests.get("secret-set") ?? 0;
    const answer = fetch(`${proxy.url}/secrets/a?api-version=1`, { method: "PUT", body: "x", signal: gone.signal });
    const outcome = expect(answer).rejects.toThrow("aborted");
    await expect.poll(() => faults.requests.get("secret-set")).toBe(seen + 1);
    gone.abort();
    await outcome;
    await proxy.settled();
    expect(arrived).toEqual([received(), received()]);
  });

  test("injects a fault as often as its rule says, and counts requests and faults", async () => {
    const counted = new Faults([{ ...parseFault("key-get=fail"), times: 2 }, parseFault("key-*=reset@50%")], () => 0.5);
    expect(["key-get", "key-get", "key-get", "key-sign"].map((operation) => counted.next(operation)?.kind)).toEqual([
      "fail",
      "fail",
      undefined,
      undefined,
    ]);
    expect(Object.fromEntries(counted.requests)).toEqual({ "key-get": 3, "key-sign": 1 });
    expect(Object.fromEntries(counted.injected)).toEqual({ fail: 2 });
  });
});

describe("a fault rule on the command line", () => {
  test("is parsed into operation, kind, value and chance", () => {
    expect(readStartOptions(["--fault", "table-merge=lose-reply@12.5%", "--fault", "secret-*=delay:30"])).toEqual({
      help: false,
      build: false,
      emulatorsOnly: false,
      faults: [
        { operation: "table-merge", kind: "lose-reply", chance: 0.125 },
        { operation: "secret-*", kind: "delay", value: 30 },
      ],
    });
  });

  test.for([
    ["table-merge", "write <operation>"],
    ["table-merge=explode", "the kind is one of delay, fail"],
    ["tabel-merge=reset", "there is no such operation"],
    ["table-merge=delay", "milliseconds"],
    ["table-merge=reset@all%", "write <operation>"],
  ] as const)("is refused with a sentence: %s", ([rule, why]) => {
    expect(() => readStartOptions(["--fault", rule])).toThrow(why);
  });
});

/** A transaction that writes a row, and then a row of history. */
function batchOf(startLine: string, rowKey: string): string {
  return [
    `--changeset_1\r\n\r\n${startLine}\r\n\r\n{"PartitionKey":"a","RowKey":"${rowKey}"}\r\n`,
    '--changeset_1\r\n\r\nPOST https://a/apiclients HTTP/1.1\r\n\r\n{"PartitionKey":"a","RowKey":"change!1!b"}\r\n',
  ].join("");
}

test.for([
  ["GET", "/acct/apiclients(PartitionKey='a',RowKey='client')", "", "table-get"],
  ["PATCH", "/acct/apiclientusage(PartitionKey='a',RowKey='socmate-a-000000')?x", "", "usage-merge"],
  ["GET", "/acct/apiclientusage(PartitionKey='a',RowKey='socmate-a-000000')", "", "usage-get"],
  ["POST", "/acct/apiclientusage", '{"PartitionKey":"a","RowKey":"socmate-a-000000"}', "usage-insert"],
  ["GET", "/acct/apiclientusage()?$top=1", "", "usage-list"],
  ["GET", "/acct/apiclients()?$top=1", "", "table-list"],
  ["POST", "/acct/apiclients", '{"PartitionKey":"a","RowKey":"client"}', "table-insert"],
  ["POST", "/acct/apiclients", '{"PartitionKey":"sweep","RowKey":"position"}', "position-insert"],
  ["POST", "/acct/apiclients", '{"PartitionKey":"a","RowKey":"change!1!b"}', "change-insert"],
  ["GET", "/acct/apiclients(PartitionKey='a',RowKey='change%211%21b')", "", "change-get"],
  ["POST", "/acct/$batch", batchOf("POST https://a/apiclients HTTP/1.1", "client"), "table-insert"],
  [
    "POST",
    "/acct/$batch",
    batchOf("PATCH https://a/apiclients(PartitionKey=%27a%27,RowKey=%27client%27) HTTP/1.1", "client"),
    "table-merge",
  ],
  ["GET", "/secrets?api-version=1", "", "secret-list"],
  ["GET", "/secrets/a/?api-version=1", "", "secret-get"],
  ["PATCH", "/secrets/a/1?api-version=1", "", "secret-update"],
  ["GET", "/keys/a/versions", "", "key-list"],
  ["GET", "/keys/a/1", "", "key-get"],
  ["POST", "/keys/a/1/sign", "", "key-sign"],
  ["GET", "/msi/token?resource=x", "", "identity-token"],
  ["GET", "/10ca1000/discovery/v2.0/keys", "", "admin-keys"],
] as const)("the request %s %s %s is the operation %s", ([method, path, body, operation]) => {
  expect(operationOf({ method, path, headers: {}, body: Buffer.from(body) })).toBe(operation);
});
