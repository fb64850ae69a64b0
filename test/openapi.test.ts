import fc from "fast-check";
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import { create } from "../functions/create.ts";
import { disable } from "../functions/disable.ts";
import { get } from "../functions/get.ts";
import { list } from "../functions/list.ts";
import { regenerate } from "../functions/regenerate.ts";
import { startService } from "../local/host/service.ts";
import type { Endpoint } from "../shared/endpoint.ts";
import { SCOPES } from "../shared/model/scopes.ts";
import { createFakeServices, type FakeServices } from "./fakes/fake-services.ts";
import { askAdmin } from "./functions/invoke.ts";
import { bodyOf, sendAsIs } from "./support/http.ts";
import { type Answered, documented, documentedScopes, expectDocumented, operations } from "./support/openapi.ts";
import { startTestService } from "./support/test-service.ts";

const { url, stack, admin, createClient } = await startTestService();
const CLIENTS = "/api/admin/api-clients";
const VALID = { name: "Test", scopes: ["search:read"] };

/** An instance whose table cannot be reached. */
const cutOff = await startService(stack, { port: 0, env: { TABLES_URL: "https://127.0.0.1:1" } });

afterAll(() => cutOff.stop());

const METHODS: Record<string, [method: string, path: (clientId: string) => string, endpoint: Endpoint]> = {
  list: ["GET", () => "", list],
  create: ["POST", () => "", create],
  get: ["GET", (clientId) => `/${clientId}`, get],
  disable: ["DELETE", (clientId) => `/${clientId}`, disable],
  regenerate: ["POST", (clientId) => `/${clientId}/regenerate-secret`, regenerate],
};

interface Sent {
  base?: string;
  clientId?: string;
  query?: string;
  token?: string;
  contentType?: string;
  body?: string;
}

async function ask(operationId: string, sent: Sent = {}): Promise<Answered> {
  const { base = url, clientId, query = "", token = stack.adminToken(), contentType = "application/json" } = sent;
  const [method, path] = METHODS[operationId] ?? ["GET", () => ""];
  const { body = operationId === "create" ? JSON.stringify(VALID) : undefined } = sent;
  const target = path(clientId ?? (await createClient()).clientId);
  const answer = await sendAsIs(`${base}${CLIENTS}${target}${query}`, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": contentType },
    ...(body !== undefined && { body }),
  });
  return { ...answer, body: bodyOf(answer) };
}

/** What makes the running service give an answer, for every operation that has it. */
const OVER_HTTP: Record<number, (operationId: string) => Promise<Answered>> = {
  200: (operationId) => ask(operationId),
  201: (operationId) => ask(operationId),
  400: (operationId) => {
    // `fetch` sends no body with GET.
    const queries: Record<string, string> = { list: "?limit=0", get: "?client_id=x" };
    const query = queries[operationId];
    return ask(operationId, query === undefined ? { body: "{}" } : { query });
  },
  401: (operationId) => ask(operationId, { token: "x" }),
  403: (operationId) => ask(operationId, { token: stack.adminToken({ roles: [] }) }),
  404: (operationId) => ask(operationId, { clientId: "socmate-nobody-abc123" }),
  409: async (operationId) => {
    const { clientId } = await createClient();
    await admin("DELETE", `/${clientId}`);
    return ask(operationId, { clientId });
  },
  413: (operationId) => ask(operationId, { body: "x".repeat(64 * 1024 + 1) }),
  415: (operationId) => ask(operationId, { contentType: "text/plain" }),
  503: (operationId) => ask(operationId, { base: cutOff.url, clientId: "socmate-nobody-abc123" }),
};

/** What cannot be brought about from outside, or not in a test's time. */
const INSIDE: Record<number, (services: FakeServices) => void> = {
  500: (services) => {
    vi.spyOn(services.admins, "authenticate").mockRejectedValue(new TypeError("a fault of ours"));
  },
};

afterEach(() => {
  vi.restoreAllMocks();
});

describe("openapi.json", () => {
  test("names the operations that the service has, and the scopes of the code", () => {
    expect(operations.map(({ operationId }) => operationId).sort()).toEqual(Object.keys(METHODS).sort());
    expect(documentedScopes).toEqual(SCOPES);
  });

  test("has the id of the request in every answer, those of the gateway included [check 61]", () => {
    const answers = operations.flatMap(({ operationId, answers }) =>
      answers.map((answer) => ({ operationId, ...answer })),
    );
    for (const { operationId, status, headers } of answers) {
      expect(Object.keys(headers), `${operationId} ${status}`).toContain("X-Request-Id");
    }
  });

  test("says of the gateway alone that it limits the rate", () => {
    for (const { operationId, answers } of operations) {
      const byGateway = answers.filter((answer) => answer["x-answered-by"]).map(({ status }) => status);
      expect(byGateway, operationId).toEqual([429]);
    }
  });

  test.each(documented.filter(({ status }) => status in OVER_HTTP))(
    "$operationId: $status occurs, as it is documented",
    async ({ operationId, status }) => {
      const answer = await OVER_HTTP[status]?.(operationId);
      expect(answer?.status, JSON.stringify(answer?.body)).toBe(status);
      if (answer) expectDocumented(operationId, answer);
    },
  );

  test.each(documented.filter(({ status }) => !(status in OVER_HTTP)))(
    "$operationId: $status occurs inside the service, as it is documented",
    async ({ operationId, status }) => {
      const services = await createFakeServices();
      const [method = "", , endpoint] = METHODS[operationId] ?? [];
      if (!endpoint) throw new Error(`There is no ${operationId}.`);
      // The issuer's keys are fetched now, and not in the time that is made short.
      await askAdmin(endpoint, services, { method });
      INSIDE[status]?.(services);
      const answer = await askAdmin(endpoint, services, { method });
      expect(answer.status, JSON.stringify(answer.body)).toBe(status);
      expectDocumented(operationId, { status, ...answer.asSent });
    },
  );

  test("has every answer to whatever is sent", async () => {
    const anyText = fc.oneof(fc.string(), fc.string({ unit: "binary", maxLength: 20 }), fc.json());
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...Object.keys(METHODS)),
        fc.oneof(fc.constant("socmate-nobody-abc123"), fc.webSegment()),
        fc.oneof(
          fc.constant(""),
          fc.webQueryParameters().map((query) => `?${query}`),
        ),
        fc.constantFrom(stack.adminToken(), stack.adminToken({ roles: ["Admin"] }), "x"),
        fc.constantFrom("application/json", "text/plain", "application/x-www-form-urlencoded"),
        anyText,
        async (operationId, clientId, query, token, contentType, anything) => {
          // A path that the URL parser takes apart names another operation; the platform itself refuses one with a zero byte.
          fc.pre(!/^(\.|%2e){0,2}$|%00/i.test(clientId));
          const body = METHODS[operationId]?.[0] === "POST" ? { body: anything } : {};
          const answer = await ask(operationId, { clientId, query, token, contentType, ...body });
          expectDocumented(operationId, answer);
        },
      ),
      { numRuns: 200 },
    );
  });
});
