import fc from "fast-check";
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import { create } from "../functions/create.ts";
import { disable } from "../functions/disable.ts";
import { get } from "../functions/get.ts";
import { health } from "../functions/health.ts";
import { jwks } from "../functions/jwks.ts";
import { list } from "../functions/list.ts";
import { metadata, openidConfiguration } from "../functions/metadata.ts";
import { regenerate } from "../functions/regenerate.ts";
import { token } from "../functions/token.ts";
import { startService } from "../local/host/service.ts";
import { SCOPES } from "../shared/model/scopes.ts";
import { createFakeServices, type FakeServices } from "./fakes/fake-services.ts";
import { askAdmin, askPublic, askToken, type Answer as EndpointAnswer, tokenForm } from "./functions/invoke.ts";
import { type Answer, send, sendAsIs } from "./support/http.ts";
import { documentedScopes, expectDocumented, type Operation, operations } from "./support/openapi.ts";
import { startTestService } from "./support/test-service.ts";

// `send` compares each answer with the documents, so these tests have to bring the answers about.

const { url, stack, admin, createClient } = await startTestService();
const client = await createClient();

/** Instances whose table cannot be reached, and whose settings are wrong. */
const cutOff = await startService(stack, { port: 0, env: { TABLES_URL: "https://127.0.0.1:1" } });
const misconfigured = await startService(stack, { port: 0, env: { TOKEN_AUDIENCE: "" } });
afterAll(() => Promise.all([cutOff.stop(), misconfigured.stop()]));

/** Sends a request to the endpoint of each operation. */
const ENDPOINTS: Record<string, (services: FakeServices) => Promise<EndpointAnswer>> = {
  listApiClients: (services) => askAdmin(list, services),
  createApiClient: (services) => askAdmin(create, services),
  getApiClient: (services) => askAdmin(get, services),
  disableApiClient: (services) => askAdmin(disable, services),
  regenerateApiClientSecret: (services) => askAdmin(regenerate, services, { method: "POST" }),
  requestAccessToken: (services) =>
    askToken(token, services, { form: tokenForm(client.clientId, client.clientSecret) }),
  getJsonWebKeySet: (services) => askPublic(jwks, services),
  getAuthorizationServerMetadata: (services) => askPublic(metadata, services),
  getOpenIdConfiguration: (services) => askPublic(openidConfiguration, services),
  getHealth: (services) => askPublic(health, services),
};

interface Sent {
  base?: string;
  clientId?: string;
  query?: string;
  token?: string;
  contentType?: string;
  body?: string;
}

const TOKEN = "/oauth/token";
const FORM = "application/x-www-form-urlencoded";
const formOf = (clientSecret: string) => new URLSearchParams(tokenForm(client.clientId, clientSecret)).toString();
const BODIES: Record<string, [contentType: string, body: string]> = {
  createApiClient: ["application/json", JSON.stringify({ name: "Test", scopes: ["search:read"] })],
  requestAccessToken: [FORM, formOf(client.clientSecret)],
};

async function ask({ operationId, method, path }: Operation, sent: Sent = {}): Promise<Answer> {
  const { base = url, query = "", token: adminToken = stack.adminToken() } = sent;
  const [mediaType = "application/json", valid] = BODIES[operationId] ?? [];
  const { contentType = mediaType, body = valid } = sent;
  const clientId = sent.clientId ?? (path.includes("{client_id}") ? (await createClient()).clientId : "");
  return await sendAsIs(base + path.replace("{client_id}", clientId) + query, {
    method,
    headers: {
      "content-type": contentType,
      ...(path.startsWith("/api/") && { authorization: `Bearer ${adminToken}` }),
    },
    ...(body !== undefined && { body }),
  });
}

/** What makes the running service give an answer, for every operation that has it. */
const OVER_HTTP: Record<number, (operation: Operation) => Promise<Answer>> = {
  200: (operation) => ask(operation),
  201: (operation) => ask(operation),
  // `fetch` sends no body with GET, and Azure Functions would take this parameter for the headers of the request.
  400: (operation) => ask(operation, operation.method === "GET" ? { query: "?headers=x" } : { body: "{}" }),
  401: (operation) => ask(operation, operation.path === TOKEN ? { body: formOf("wrong") } : { token: "x" }),
  403: (operation) => ask(operation, { token: stack.adminToken({ roles: [] }) }),
  404: (operation) => ask(operation, { clientId: "socmate-nobody-abc123" }),
  409: async (operation) => {
    const { clientId } = await createClient();
    await admin("DELETE", `/${clientId}`);
    return ask(operation, { clientId });
  },
  413: (operation) => ask(operation, { body: "x".repeat(64 * 1024 + 1) }),
  415: (operation) => ask(operation, { contentType: "text/plain" }),
  503: (operation) => {
    const { url: base } = operation.path.startsWith("/.well-known/") ? misconfigured : cutOff;
    return ask(operation, { base, clientId: "socmate-nobody-abc123" });
  },
};

const documented = operations.flatMap((operation) =>
  operation.answers
    .filter(({ byGateway }) => !byGateway)
    .map(({ status }) => ({ operationId: operation.operationId, operation, status })),
);

afterEach(() => {
  vi.restoreAllMocks();
});

describe("openapi.json and openapi-public.json", () => {
  test("name the operations that the service has, and the scopes of the code", () => {
    expect(operations.map(({ operationId }) => operationId).toSorted()).toEqual(Object.keys(ENDPOINTS).toSorted());
    expect(documentedScopes).toEqual(SCOPES);
  });

  test("have the id of the request in every answer, and that of Front Door's log in its own [check 61]", () => {
    for (const { operationId, path, answers } of operations) {
      for (const { status, byGateway, headers } of answers) {
        const isFrontDoor = byGateway && path === TOKEN;
        expect(headers, `${operationId} ${status}`).toContain(isFrontDoor ? "X-Azure-Ref" : "X-Request-Id");
      }
    }
  });

  test("say of the gateway alone that it limits the rate", () => {
    for (const { operationId, path, answers } of operations) {
      const byGateway = answers.filter((answer) => answer.byGateway).map(({ status }) => status);
      const limited = path.startsWith("/api/") || path === TOKEN;
      expect(byGateway, operationId).toEqual(limited ? [429] : []);
    }
  });

  test.each(documented.filter(({ status }) => status in OVER_HTTP))(
    "$operationId: $status occurs, as it is documented",
    async ({ operation, status }) => {
      const answer = await OVER_HTTP[status]?.(operation);
      expect(answer?.status, answer?.text).toBe(status);
    },
  );

  test("getHealth: 503 occurs with problem details where the settings are wrong", async () => {
    const { status, headers } = await send(`${misconfigured.url}/health`);
    expect({ status, type: headers["content-type"] }).toEqual({ status: 503, type: "application/problem+json" });
  });

  test.each(documented.filter(({ status }) => status === 500))(
    "$operationId: 500 occurs inside the service, as it is documented",
    async ({ operationId }) => {
      vi.spyOn(console, "error").mockReturnValue();
      const adminToken = (await createFakeServices()).adminToken();
      // Every other part of the services is missing.
      const answer = await ENDPOINTS[operationId]?.({ adminToken: () => adminToken } as unknown as FakeServices);
      if (!answer) throw new Error(`There is no ${operationId}.`);
      expect(answer.status, JSON.stringify(answer.body)).toBe(500);
      expectDocumented(operationId, { status: answer.status, ...answer.asSent });
    },
  );

  test("no answer is left out above", () => {
    expect(documented.filter(({ status }) => status !== 500 && !(status in OVER_HTTP))).toEqual([]);
  });

  test("have every answer to whatever is sent", async () => {
    const anyText = fc.oneof(fc.string(), fc.string({ unit: "binary", maxLength: 20 }), fc.json());
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...operations),
        fc.oneof(fc.constant("socmate-nobody-abc123"), fc.webSegment()),
        fc.oneof(
          fc.constant(""),
          fc.webQueryParameters().map((query) => `?${query}`),
        ),
        fc.constantFrom(stack.adminToken(), stack.adminToken({ roles: ["Admin"] }), "x"),
        fc.constantFrom("application/json", "text/plain", FORM),
        anyText,
        async (operation, clientId, query, adminToken, contentType, anything) => {
          // A path that the URL parser takes apart names another operation; the platform itself refuses one with a zero byte.
          fc.pre(!/^(\.|%2e){0,2}$|%00/i.test(clientId));
          const body = operation.method === "POST" ? { body: anything } : {};
          const { text } = await ask(operation, { clientId, query, token: adminToken, contentType, ...body });
          // Without a body it would be the platform's, and not compared.
          expect(text).not.toBe("");
        },
      ),
      { numRuns: 300 },
    );
  });
});
