import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { FUNCTION_TIMEOUT_EXIT_CODE } from "../../../local/host/functions-timeout.ts";
import { openConnection, sendRaw } from "../../support/raw-http.ts";
import { bundleFixtures, head, logged } from "./fixture-app.ts";

// Requests that get no answer of the worker on Azure's host. The app uses the library's own HTTP server.

const { dir, start } = await bundleFixtures();

test.each([
  ["throws", "throws"],
  ["returns nothing", "nothing"],
])("answers an empty 500 after the activity time-out for a function that %s", async (_what, path) => {
  const service = await start({ activityTimeoutMs: 1_500 });
  const started = performance.now();
  const answer = await fetch(`${service.url}/${path}`);
  expect(performance.now() - started).toBeGreaterThan(1_400);
  expect([answer.status, await answer.text()]).toEqual([500, ""]);
  await logged(service, `Executed '${path}' (Failed): Error: Nothing came from the worker.`);
  await service.stop();
});

test("never answers a request that the worker cannot match to its invocation", async () => {
  const service = await start();
  const answered: string[] = [];
  const requests = {
    "a header in UTF-8": "User-Agent: café",
    "headers between Node's limit and Kestrel's": `X-Long: ${"x".repeat(20_000)}`,
    "an expectation": "Expect: a-token",
    "an invocation's id": "X-Ms-Invocation-Id: mine",
  };
  const connections = Object.entries(requests).map(async ([name, header]) => {
    const connection = await openConnection(service.url);
    connection.socket.write(`${head(`GET /api/get HTTP/1.1\n${header}`)}\r\n`);
    connection.answer().then(
      () => answered.push(name),
      () => {},
    );
    return connection;
  });
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  expect(answered).toEqual([]);
  expect(await (await fetch(`${service.url}/api/get`)).text()).toBe("got");
  for (const connection of await Promise.all(connections)) await connection[Symbol.asyncDispose]();
  await service.stop("SIGKILL");
});

test("serves a request with Expect: 100-continue", async () => {
  const service = await start();
  const expecting = head("POST /slow HTTP/1.1\nExpect: 100-continue\nContent-Length: 5");
  expect(await sendRaw(service.url, `${expecting}\r\n`, "hello")).toMatchObject({ status: 200, text: "hello" });
  await service.stop();
});

test("ends the worker's process when a function runs for longer than functionTimeout", async () => {
  const hostJson = join(dir, "host.json");
  await writeFile(hostJson, '{ "functionTimeout": "00:00:01", "extensions": { "http": { "routePrefix": "" } } }');
  const service = await start({ hostJson });
  await expect(fetch(`${service.url}/endless`)).rejects.toThrow();
  expect(await service.exited).toBe(FUNCTION_TIMEOUT_EXIT_CODE);
  expect(service.lines.at(-1)).toMatch(/Timeout value of 1 s exceeded by function 'endless' \(Id: '[0-9a-f-]+'\)/);
});
