import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, describe, expect, onTestFinished, test } from "vitest";
import { startFaultProxy } from "../../local/faults/fault-proxy.ts";
import { type Fault, Faults, parseFault } from "../../local/faults/faults.ts";
import { type Service, startService } from "../../local/host/service.ts";
import { startStack } from "../../local/stack.ts";
import { type Answer, bodyOf } from "../support/http.ts";
import { postForm, startTestService, type TestClient } from "../support/test-service.ts";
import { startTwoInstances } from "./two-instances.ts";

/** Time limit of a test: the slow faults take seconds, and the machine may be busy. */
const TEST_TIMEOUT_MS = 60_000;
const DAY_MS = 24 * 3_600_000;

const { stack, faultyStack, service, second, faults, admin, createClient } = await startTwoInstances();

// A further service with two signing vaults, one of them behind a proxy. Its keys are old enough to be active immediately.
const pair = await startStack({ signingVaults: 2, clock: () => Date.now() - 2 * DAY_MS });
const [firstVault = "", otherVault = ""] = pair.settings.SIGNING_VAULT_URLS.split(",");
const outage = new Faults();
const proxy = await startFaultProxy(firstVault, pair.certificate, outage);
const settings = { ...pair.settings, SIGNING_VAULT_URLS: `${proxy.url},${otherVault}` };
const onPair = await startTestService({ port: 0 }, { ...pair, settings });

afterAll(() => proxy.close());
afterEach(() => {
  faults.rules = [];
});

function ask(url: string, { clientId, clientSecret }: TestClient): Promise<Answer> {
  return postForm(url, { grant_type: "client_credentials", client_id: clientId, client_secret: clientSecret });
}

/** Starts an instance whose signer is not in a backoff: it has issued a token and has met no fault yet. */
async function freshInstance(client: TestClient): Promise<Service> {
  const fresh = await startService(faultyStack, { port: 0 });
  onTestFinished(() => fresh.stop());
  await expect(ask(fresh.url, client)).resolves.toMatchObject({ status: 200 });
  return fresh;
}

/** Expects the answer to every fault that the caller has not caused. */
function expectUnavailable({ status, headers, text }: Answer): void {
  expect({ status, headers, body: JSON.parse(text) }).toEqual({
    status: 503,
    headers: expect.objectContaining({
      "content-type": "application/json",
      "cache-control": "no-store",
      "retry-after": expect.stringMatching(/^([1-9]|[1-5]\d|60)$/),
    }),
    body: { error: "temporarily_unavailable", error_description: expect.stringContaining("try again") },
  });
}

/** Makes a fault that befalls both tries of a call. */
const fault = (text: string, more: Partial<Fault> = {}): Fault => ({ ...parseFault(text), ...more });

const OUTAGES: [string, (operation: string) => Fault][] = [
  ["resets every connection", (operation) => fault(`${operation}=reset`)],
  ["takes 3 s", (operation) => fault(`${operation}=delay:3000`)],
  ["answers 500", (operation) => fault(`${operation}=fail:500`)],
  ["answers 503 without a body", (operation) => fault(`${operation}=fail:503`, { body: "" })],
  [
    "answers 502 with a page of HTML",
    (operation) => fault(`${operation}=fail:502`, { body: "<html>Bad gateway</html>" }),
  ],
  ["throttles", (operation) => fault(`${operation}=throttle`)],
  ["throttles for 30 s", (operation) => fault(`${operation}=throttle:30`)],
  ["throttles for 30 s without a body", (operation) => fault(`${operation}=throttle:30`, { body: "" })],
  ["loses every reply", (operation) => fault(`${operation}=lose-reply`)],
  ["refuses our identity", (operation) => fault(`${operation}=forbid`)],
  ["refuses our identity without a body", (operation) => fault(`${operation}=forbid`, { body: "" })],
];

describe("the token endpoint under faults of Azure", { timeout: TEST_TIMEOUT_MS }, () => {
  // This test is the first one, since the others use up the retry budget of an instance.
  test("issues a token when the first try of a call fails and the second one succeeds [check 41]", async () => {
    for (const operation of ["table-get", "secret-get", "key-sign"]) {
      const client = await createClient();
      faults.rules = [fault(`${operation}=fail:503`, { times: 1 })];
      await expect(ask(service.url, client), operation).resolves.toMatchObject({ status: 200 });
      expect(faults.rules[0]?.times, operation).toBe(0);
    }
  });

  test.for(OUTAGES)("answers a token request with 503 while the table %s [check 41] [check 44]", async ([, outage]) => {
    const client = await createClient();
    faults.rules = [outage("table-get")];
    expectUnavailable(await ask(service.url, client));
    faults.rules = [];
    await expect(ask(service.url, client)).resolves.toMatchObject({ status: 200 });
  });

  test.for(OUTAGES)(
    "answers a token request with 503 with a cold cache and 200 with a warm one while the secrets vault %s [check 42]",
    async ([, outage]) => {
      const client = await createClient();
      await expect(ask(service.url, client)).resolves.toMatchObject({ status: 200 });
      faults.rules = [outage("secret-*")];
      expectUnavailable(await ask(second.url, client));
      await expect(ask(service.url, client)).resolves.toMatchObject({ status: 200 });
      faults.rules = [];
      await expect(ask(second.url, client)).resolves.toMatchObject({ status: 200 });
    },
  );

  test.for(OUTAGES)(
    "answers a token request with 503 while the signing vault %s [check 43] [check 44]",
    async ([, outageOf]) => {
      const client = await createClient();
      const fresh = await freshInstance(client);
      faults.rules = [outageOf("key-sign")];
      expectUnavailable(await ask(fresh.url, client));
    },
  );

  test.for(["table-get", "key-sign"])(
    "passes on a Retry-After of 30 s and raises an alarm for a 403 of %s, whatever the body of the error [check 21] [check 44]",
    async (operation) => {
      const client = await createClient();
      for (const body of [undefined, "", "<html></html>"]) {
        const fresh = await freshInstance(client);
        faults.rules = [fault(`${operation}=forbid`, { body })];
        expectUnavailable(await ask(fresh.url, client));
        expect(fresh.lines.filter((line) => line.includes('"alarm":"azure_refused"')).length).toBeGreaterThan(0);
        faults.rules = [fault(`${operation}=throttle:30`, { body })];
        const { headers } = await ask(fresh.url, client);
        expect(headers["retry-after"], `with body ${body}`).toBe("30");
        faults.rules = [];
      }
    },
  );

  test("issues tokens while the issuer of admin tokens is down", async () => {
    const client = await createClient();
    faults.rules = [fault("admin-keys=reset")];
    await expect(ask(second.url, client)).resolves.toMatchObject({ status: 200 });
  });

  test("issues tokens while one of two signing vaults is down [check 43]", async () => {
    for (const { operation, kind } of [fault("key-sign=fail:503"), fault("key-*=reset"), fault("key-sign=forbid")]) {
      outage.rules = [{ operation, kind }];
      for (let i = 0; i < 4; i++) {
        await expect(ask(onPair.url, await onPair.createClient())).resolves.toMatchObject({ status: 200 });
      }
    }
    expect([...outage.injected.values()].reduce((sum, count) => sum + count, 0)).toBeGreaterThan(0);
  });
});

test("an instance issues tokens after its identity endpoint has hung at the start", {
  timeout: TEST_TIMEOUT_MS,
}, async () => {
  const client = await createClient();
  faults.rules = [fault("identity-token=delay:600000")];
  const third = await startService(faultyStack, { port: 0 });
  try {
    expectUnavailable(await ask(third.url, client));
    faults.rules = [];
    await expect.poll(async () => (await ask(third.url, client)).status).toBe(200);
  } finally {
    await third.stop();
  }
});

describe("the admin API under faults of Azure", { timeout: TEST_TIMEOUT_MS }, () => {
  test("answers an admin request with 503, not 401, while the keys of the issuer are unavailable", async () => {
    faults.rules = [fault("admin-keys=fail:500")];
    const third = await startService(faultyStack, { port: 0 });
    try {
      const answer = await fetch(`${third.url}/api/admin/api-clients`, {
        headers: { Authorization: `Bearer ${stack.adminToken()}` },
      });
      expect(answer.status).toBe(503);
      expect(answer.headers.get("retry-after")).toBe("5");
    } finally {
      await third.stop();
    }
  });

  test.for(["table-list", "table-get", "secret-set", "table-insert"])(
    "answers an admin request with 503 while %s fails [check 41]",
    async (operation) => {
      const { clientId } = await createClient();
      faults.rules = [fault(`${operation}=fail:503`)];
      const answers = {
        "table-list": () => admin("GET"),
        "table-get": () => admin("POST", `/${clientId}/regenerate-secret`),
        "secret-set": () => admin("POST", "", { name: "x", scopes: ["graph:read"] }),
        "table-insert": () => admin("POST", "", { name: "x", scopes: ["graph:read"] }),
      };
      const answer = await answers[operation as keyof typeof answers]();
      expect(answer.status).toBe(503);
      expect(answer.headers["retry-after"]).toBeDefined();
      expect(bodyOf(answer)).toMatchObject({ status: 503, title: "Service Unavailable" });
    },
  );

  test.for([
    ["lose-reply", 1],
    ["lose-reply", 2],
  ] as const)(
    "regenerates a working secret when the reply to the commit is lost: %s, %d times [check 49]",
    async ([kind, times]) => {
      const client = await createClient();
      faults.rules = [fault(`table-merge=${kind}`, { times })];
      const answer = await admin("POST", `/${client.clientId}/regenerate-secret`);
      expect(answer.status).toBe(200);
      const { client_secret: clientSecret } = bodyOf(answer) as { client_secret: string };
      await expect(ask(second.url, { ...client, clientSecret })).resolves.toMatchObject({ status: 200 });
      await expect(ask(second.url, client)).resolves.toMatchObject({ status: 401 });
    },
  );

  test('answers a regenerate with 503 "nothing was changed" when its writes are late, and none of them takes effect [check 49]', async () => {
    const client = await createClient();
    faults.rules = [fault("table-merge=apply-later:500", { times: 2 })];
    const answer = await admin("POST", `/${client.clientId}/regenerate-secret`);
    expect(answer.status).toBe(503);
    expect(bodyOf(answer)).toMatchObject({ detail: expect.stringMatching(/^Nothing was changed/) });
    // Not `settled`, which would wait for the calls that earlier tests have delayed by minutes.
    await sleep(2_000);
    await expect(ask(second.url, client)).resolves.toMatchObject({ status: 200 });
  });

  test('answers a regenerate with 503 "the outcome is unknown" without the reply to the commit and the row [check 49]', async () => {
    const client = await createClient();
    faults.rules = [
      fault("table-merge=lose-reply"),
      { operation: "table-get", kind: "delay", value: 0, times: 1 },
      fault("table-get=fail:503"),
    ];
    const answer = await admin("POST", `/${client.clientId}/regenerate-secret`);
    expect(answer.status).toBe(503);
    expect(bodyOf(answer)).toMatchObject({ detail: expect.stringMatching(/^The outcome is unknown/) });
  });
});
