import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { Faults } from "../../local/faults/faults.ts";
import { startFaultyStack } from "../../local/faulty-stack.ts";
import { startStack } from "../../local/stack.ts";
import { startTestService, type TestClient } from "../support/test-service.ts";

/** The proxies in front of the stand-ins, here only to count. */
const calls = new Faults();
const stack = await startStack();
const proxies = await startFaultyStack(stack, calls);
const { createClient, requestToken } = await startTestService(
  // Every token is signed.
  { port: 0, env: { TOKEN_REUSE_SECONDS: "0" } },
  { ...stack, settings: proxies.settings, close: () => Promise.all([proxies.close(), stack.close()]).then(() => {}) },
);

/** How often each operation is asked of Azure while so many tokens are, 8 at once, and when all is quiet again. */
async function callsOf(tokens: number, client: TestClient): Promise<Record<string, number>> {
  await quiet();
  const before = new Map(calls.requests);
  let left = tokens;
  const ask = async () => {
    while (left-- > 0) await expect(requestToken(client)).resolves.toMatchObject({ status: 200 });
  };
  await Promise.all(Array.from({ length: 8 }, ask));
  await quiet();
  const counted = [...calls.requests].map(([name, count]) => [name, count - (before.get(name) ?? 0)] as const);
  return Object.fromEntries(counted.filter(([, count]) => count > 0));
}

/** Waits until a quarter of a second goes by without a call: what starts up or follows an answer has happened. */
async function quiet(): Promise<void> {
  const total = () => [...calls.requests.values()].reduce((sum, count) => sum + count, 0);
  for (let last = -1; last !== total(); ) {
    last = total();
    await sleep(250);
  }
}

test("a token costs one table read and one signature, the first one a secret read more; use is written once a minute", async () => {
  const client = await createClient();
  const useOnce = { "usage-merge": 1, "usage-insert": 1 };
  await expect(callsOf(1, client)).resolves.toEqual({ "table-get": 1, "secret-get": 1, "key-sign": 1, ...useOnce });
  for (const tokens of [1, 100, 1_000]) {
    await expect(callsOf(tokens, client)).resolves.toEqual({ "table-get": tokens, "key-sign": tokens });
  }
});
