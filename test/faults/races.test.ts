import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { startService } from "../../local/host/service.ts";
import { type Answer, bodyOf } from "../support/http.ts";
import { postForm, type TestClient } from "../support/test-service.ts";
import { JUNK_CLIENT_IDS, JUNK_SECRET } from "./junk-credentials.ts";
import { startTwoInstances } from "./two-instances.ts";

/** Time limit of a test: hundreds of requests on a machine that may be busy. */
const TEST_TIMEOUT_MS = 120_000;
const ROUNDS = 60;

const { stack, faultyStack, service, url, second, faults, createClient } = await startTwoInstances();
const urls = [url, second.url];
const instance = (index: number) => urls[index % urls.length] ?? url;

const withSecret = z.object({ client_secret: z.string() });
const withToken = z.object({ access_token: z.string(), scope: z.string() });

function ask(at: string, { clientId, clientSecret }: TestClient, scope?: string): Promise<Answer> {
  const form = { grant_type: "client_credentials", client_id: clientId, client_secret: clientSecret };
  return postForm(at, { ...form, ...(scope && { scope }) });
}

async function administer(at: string, method: string, { clientId }: TestClient, action = ""): Promise<Response> {
  const headers = { Authorization: `Bearer ${stack.adminToken()}` };
  return fetch(`${at}/api/admin/api-clients/${clientId}${action}`, { method, headers });
}

const regenerate = (at: string, client: TestClient) => administer(at, "POST", client, "/regenerate-secret");
const disable = (at: string, client: TestClient) => administer(at, "DELETE", client);
const statuses = (answers: { status: number }[]) => new Set(answers.map(({ status }) => status));

/** Runs the rounds in batches, with a few rounds in flight at any time. */
async function inBatches<T>(rounds: number, size: number, round: (index: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  while (results.length < rounds) {
    const from = results.length;
    const batch = Array.from({ length: Math.min(size, rounds - from) }, (_, index) => round(from + index));
    results.push(...(await Promise.all(batch)));
  }
  return results;
}

describe("two instances with warm caches", { timeout: TEST_TIMEOUT_MS }, () => {
  test("both instances refuse the old secret and accept the new one after a regenerate [check 45]", async () => {
    for (let round = 0; round < 10; round++) {
      const client = await createClient();
      for (const at of urls) await expect(ask(at, client)).resolves.toMatchObject({ status: 200 });
      const answer = await regenerate(instance(round), client);
      const { client_secret: clientSecret } = withSecret.parse(await answer.json());
      const answers = await Promise.all(urls.flatMap((at) => [ask(at, client), ask(at, { ...client, clientSecret })]));
      expect(answers.map(({ status }) => status)).toEqual([401, 200, 401, 200]);
    }
  });

  test("both instances refuse a client after its disable [check 46]", async () => {
    for (let round = 0; round < 10; round++) {
      const client = await createClient();
      for (const at of urls) await expect(ask(at, client)).resolves.toMatchObject({ status: 200 });
      expect((await disable(instance(round), client)).status).toBe(200);
      expect(statuses(await Promise.all(urls.map((at) => ask(at, client))))).toEqual(new Set([401]));
    }
  });

  test("of twenty concurrent regenerates one secret is valid, and the losers are answered with 409 [check 47]", async () => {
    const client = await createClient();
    const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => regenerate(instance(index), client)));
    expect(statuses(answers)).toEqual(new Set([200, 409]));
    const told = await Promise.all(answers.filter(({ status }) => status === 200).map((answer) => answer.json()));
    const secrets = told.map((body) => withSecret.parse(body).client_secret);
    for (const at of urls) {
      const tried = await Promise.all(secrets.map((clientSecret) => ask(at, { ...client, clientSecret })));
      expect(tried.filter(({ status }) => status === 200)).toHaveLength(1);
      await expect(ask(at, client)).resolves.toMatchObject({ status: 401 });
    }
  });

  test(`a disable wins against a concurrent regenerate on another instance, ${ROUNDS} times [check 48]`, async () => {
    const ends = await inBatches(ROUNDS, 10, async (index) => {
      const client = await createClient();
      const [regenerated, disabled] = await Promise.all([
        regenerate(instance(index), client),
        disable(instance(index + 1), client),
      ]);
      const secrets = [client.clientSecret];
      if (regenerated.status === 200) secrets.push(withSecret.parse(await regenerated.json()).client_secret);
      const asked = secrets.map((clientSecret, at) => ask(instance(index + at), { ...client, clientSecret }));
      const refused = (await Promise.all(asked)).every(({ status }) => status === 401);
      return { regenerated: regenerated.status, disabled: disabled.status, refused };
    });
    expect(ends.filter(({ disabled, refused }) => disabled !== 200 || !refused)).toEqual([]);
    expect(ends.filter(({ regenerated }) => regenerated !== 200 && regenerated !== 409)).toEqual([]);
  });
});

test("a client is still disabled after the use of a hundred tokens is written [check 51]", {
  timeout: TEST_TIMEOUT_MS,
}, async () => {
  const third = await startService(faultyStack, { port: 0 });
  const client = await createClient();
  const before = faults.requests.get("usage-insert") ?? 0;
  const [disabled] = await Promise.all([
    disable(url, client),
    ...Array.from({ length: 100 }, () => ask(third.url, client)),
  ]);
  await third.stop();
  expect(disabled.status).toBe(200);
  const answer = await administer(url, "GET", client);
  expect(await answer.json()).toMatchObject({ client_id: client.clientId, status: "disabled" });
  await expect(ask(url, client)).resolves.toMatchObject({ status: 401 });
  expect((faults.requests.get("usage-insert") ?? 0) - before).toBeLessThanOrEqual(1);
});

describe("a caller that goes away", { timeout: TEST_TIMEOUT_MS }, () => {
  const storeCalls = () => [...faults.requests].filter(([name]) => /^(table|secret)-/.test(name));

  /** Sends a part of a token request and breaks the connection. */
  async function breakOff(client: TestClient, share: number): Promise<void> {
    const { hostname, port } = new URL(url);
    const form = `grant_type=client_credentials&client_id=${client.clientId}&client_secret=${client.clientSecret}`;
    const head =
      "POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n";
    // In chunks, since the host reads a body of known length completely before it invokes the function.
    const body = `${form.length.toString(16)}\r\n${form}\r\n0\r\n\r\n`;
    const socket = connect(Number(port), hostname);
    await once(socket, "connect");
    socket.write(head + body.slice(0, body.length * share));
    // A request that ends before the host has forwarded it leaves no log line, and a busy machine forwards slowly.
    await sleep(1_000);
    socket.destroy();
  }

  test("a caller that leaves before its request is complete causes no call to a store", async () => {
    const client = await createClient();
    await ask(url, client);
    const before = storeCalls();
    await Promise.all(Array.from({ length: 20 }, () => breakOff(client, 0.9)));
    await expect.poll(() => service.lines.filter((line) => line.includes("body_broken_off")).length).toBe(20);
    expect(storeCalls()).toEqual(before);
  });

  test("a caller that leaves after its request disturbs no other caller", async () => {
    const client = await createClient();
    await Promise.all(Array.from({ length: 20 }, () => breakOff(client, 1)));
    await expect(ask(url, client)).resolves.toMatchObject({ status: 200 });
  });
});

describe("junk credentials on two instances", { timeout: TEST_TIMEOUT_MS }, () => {
  test("500 requests with junk credentials reach no store and disturb no other caller [check 52]", async () => {
    const client = await createClient();
    await ask(url, client);
    const counted = () => [...faults.requests].filter(([name]) => name !== "key-list" && !name.startsWith("usage"));
    const before = counted();
    const junk = inBatches(500, 25, (index) =>
      ask(url, {
        clientId: JUNK_CLIENT_IDS[index % JUNK_CLIENT_IDS.length] ?? "",
        clientSecret: index % 3 === 0 ? "wrong" : JUNK_SECRET,
      }),
    );
    expect(statuses(await junk)).toEqual(new Set([401]));
    expect(counted()).toEqual(before);
    await expect(ask(url, client)).resolves.toMatchObject({ status: 200 });
  });

  test("a thousand guesses of a secret do not lock the client out [check 53]", async () => {
    const client = await createClient();
    const other = await createClient();
    const guesses = inBatches(1_000, 20, () => ask(url, { ...client, clientSecret: other.clientSecret }));
    const right = inBatches(100, 2, () => ask(url, client));
    expect(statuses(await guesses)).toEqual(new Set([401]));
    expect(statuses(await right)).toEqual(new Set([200]));
  });
});

test("300 concurrent requests on a cold instance get their own tokens and read each hash once [check 54]", {
  timeout: TEST_TIMEOUT_MS,
}, async () => {
  const scopes = ["search:read", "graph:read", "incidents:read"];
  const clients = await Promise.all(Array.from({ length: 10 }, () => createClient()));
  const third = await startService(faultyStack, { port: 0 });
  // The vault answers the calls of a new SDK client with a challenge until the first challenge has arrived.
  const before = faults.requests.get("secret-get") ?? 0;
  const answers = await Promise.all(
    Array.from({ length: 300 }, async (_, index) => {
      const client = clients[index % clients.length] as TestClient;
      const scope = scopes[index % scopes.length];
      // A busy machine answers some of the first requests with 503.
      const answer = await served(() => ask(third.url, client, scope));
      return { status: answer.status, client, scope, answer };
    }),
  );
  const reads = (faults.requests.get("secret-get") ?? 0) - before;
  await third.stop();
  expect(statuses(answers)).toEqual(new Set([200]));
  for (const { answer, client, scope } of answers) {
    const token = withToken.parse(bodyOf(answer));
    const claims = JSON.parse(Buffer.from(token.access_token.split(".")[1] ?? "", "base64url").toString());
    expect(claims).toMatchObject({ sub: client.clientId, client_id: client.clientId, scope });
    expect(token.scope).toBe(scope);
  }
  expect(reads).toBeGreaterThanOrEqual(clients.length);
  expect(reads).toBeLessThanOrEqual(2 * clients.length);
});

/**
 * Repeats a request as a client does: after a second, while the answer is 503, or the host's own 500, which has no body. A machine that
 * lets a forwarded request wait for over 10 seconds makes the worker give it up (`FORWARDED_REQUEST_MAX_WAIT_MS`).
 */
async function served<A extends { status: number; text?: string }>(request: () => Promise<A>): Promise<A> {
  const answer = await request();
  if (answer.status !== 503 && !(answer.status === 500 && answer.text === "")) return answer;
  await sleep(1_000);
  return served(request);
}
