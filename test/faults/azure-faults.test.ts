import { afterAll, afterEach, describe, expect, onTestFinished, test } from "vitest";
import { startFaultProxy } from "../../local/faults/fault-proxy.ts";
import { type Fault, Faults, parseFault } from "../../local/faults/faults.ts";
import { type Service, startService } from "../../local/host/service.ts";
import { startStack } from "../../local/stack.ts";
import { type Answer, bodyOf } from "../support/http.ts";
import { postForm, startTestService, type TestClient } from "../support/test-service.ts";
import { startTwoInstances } from "./two-instances.ts";

/** Slow faults are slow, and the machine may be busy. */
const PATIENCE_MS = 60_000;
const DAY_MS = 24 * 3_600_000;

const { stack, faultyStack, service, second, faults, admin, createClient } = await startTwoInstances();

// Another service, with two signing vaults, one of them behind a proxy. Keys that are old enough sign at once.
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

/** An instance that has issued a token and remembers no fault: the signer leaves a vault alone for a while that has failed. */
async function freshInstance(client: TestClient): Promise<Service> {
  const fresh = await startService(faultyStack, { port: 0 });
  onTestFinished(() => fresh.stop());
  await expect(ask(fresh.url, client)).resolves.toMatchObject({ status: 200 });
  return fresh;
}

/** The one answer to a caller for all that is not its fault. */
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

/** Both tries of a call fail. */
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

describe("a token request while", { timeout: PATIENCE_MS }, () => {
  // First, as the other tests use up the retries that an instance has saved.
  test("one try fails and the next does not is a success [check 41]", async () => {
    for (const operation of ["table-get", "secret-get", "key-sign"]) {
      const client = await createClient();
      faults.rules = [fault(`${operation}=fail:503`, { times: 1 })];
      await expect(ask(service.url, client), operation).resolves.toMatchObject({ status: 200 });
      expect(faults.rules[0]?.times, operation).toBe(0);
    }
  });

  test.for(OUTAGES)("the table %s is answered with 503 [check 41] [check 44]", async ([, outage]) => {
    const client = await createClient();
    faults.rules = [outage("table-get")];
    expectUnavailable(await ask(service.url, client));
    faults.rules = [];
    await expect(ask(service.url, client)).resolves.toMatchObject({ status: 200 });
  });

  test.for(OUTAGES)(
    "the vault of secrets %s is answered with 503 with a cold cache, 200 with a warm one [check 42]",
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

  test.for(OUTAGES)("the signing vault %s is answered with 503 [check 43] [check 44]", async ([, outageOf]) => {
    const client = await createClient();
    const fresh = await freshInstance(client);
    faults.rules = [outageOf("key-sign")];
    expectUnavailable(await ask(fresh.url, client));
  });

  test.for(["table-get", "key-sign"])(
    "%s is throttled for 30 s or refused to us is told as 30 s, or rings an alarm, whatever the body [check 21] [check 44]",
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

  test("the issuer of admin tokens is down is a success, once its keys are known or not", async () => {
    const client = await createClient();
    faults.rules = [fault("admin-keys=reset")];
    await expect(ask(second.url, client)).resolves.toMatchObject({ status: 200 });
  });

  test("one of two signing vaults is down is a success [check 43]", async () => {
    for (const { operation, kind } of [fault("key-sign=fail:503"), fault("key-*=reset"), fault("key-sign=forbid")]) {
      outage.rules = [{ operation, kind }];
      for (let i = 0; i < 4; i++) {
        await expect(ask(onPair.url, await onPair.createClient())).resolves.toMatchObject({ status: 200 });
      }
    }
    expect([...outage.injected.values()].reduce((sum, count) => sum + count, 0)).toBeGreaterThan(0);
  });
});

test("an identity endpoint that hangs at the start stops nothing for good", { timeout: PATIENCE_MS }, async () => {
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

describe("an administrator while", { timeout: PATIENCE_MS }, () => {
  test("the issuer's keys cannot be had is answered with 503, not 401", async () => {
    faults.rules = [fault("admin-keys=fail:500")];
    const third = await startService(faultyStack, { port: 0 });
    try {
      const answer = await fetch(`${third.url}/api/admin/api-clients`, {
        headers: { Authorization: `Bearer ${stack.adminToken()}` },
      });
      expect(answer.status).toBe(503);
      expect(answer.headers.get("retry-after")).toBe("2");
    } finally {
      await third.stop();
    }
  });

  test.for(["table-list", "table-get", "secret-set", "table-insert"])(
    "%s fails is answered with 503 [check 41]",
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
  ] as const)("the commit's reply is lost (%s, %d times) has a secret that works [check 49]", async ([kind, times]) => {
    const client = await createClient();
    faults.rules = [fault(`table-merge=${kind}`, { times })];
    const answer = await admin("POST", `/${client.clientId}/regenerate-secret`);
    expect(answer.status).toBe(200);
    const { client_secret: clientSecret } = bodyOf(answer) as { client_secret: string };
    await expect(ask(second.url, { ...client, clientSecret })).resolves.toMatchObject({ status: 200 });
    await expect(ask(second.url, client)).resolves.toMatchObject({ status: 401 });
  });

  test("neither the commit's reply nor the row can be had is told that the outcome is unknown [check 49]", async () => {
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
