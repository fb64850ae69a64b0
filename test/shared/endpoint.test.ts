import { type HttpHandler, HttpRequest, InvocationContext } from "@azure/functions";
import { afterEach, describe, expect, test, vi } from "vitest";
import { ConfigError } from "../../shared/config.ts";
import { adminEndpoint, type Endpoint, publicEndpoint, tokenEndpoint } from "../../shared/endpoint.ts";
import { OAuthError } from "../../shared/http/oauth-error.ts";
import { json } from "../../shared/http/response.ts";
import { PublicError } from "../../shared/request/public-error.ts";
import { Unavailable } from "../../shared/request/retry.ts";
import type { Services } from "../../shared/services.ts";
import { createClock } from "../fakes/fake-clock.ts";
import { withoutRequestId } from "../support/http.ts";

afterEach(() => void vi.restoreAllMocks());

const noServices = () => ({ config: { tokenIssuer: "http://127.0.0.1" } }) as Services;
const failingWith =
  (error: unknown): Endpoint =>
  () =>
    Promise.reject(error);

const REQUEST_ID = "10ca1000-0000-4000-8000-0000000000f1";

async function run(handler: HttpHandler) {
  const lines: Record<string, unknown>[] = [];
  const context = new InvocationContext({
    invocationId: REQUEST_ID,
    functionName: "example",
    logHandler: (_level, line) => void lines.push(JSON.parse(String(line))),
  });
  const request = new HttpRequest({ method: "GET", url: "http://127.0.0.1/" });
  const { status, headers, body } = (await handler(request, context)) ?? {};
  const { text, ...answer } = withoutRequestId({
    status: Number(status),
    headers: headers as Record<string, string>,
    text: String(body),
  });
  return { ...answer, body: JSON.parse(text), lines };
}

const nosniff = { "X-Content-Type-Options": "nosniff" };
const oauthHeaders = {
  "Content-Type": "application/json",
  "Cache-Control": "no-store",
  Pragma: "no-cache",
  ...nosniff,
};
const problemHeaders = { "Content-Type": "application/problem+json", "Cache-Control": "no-store", ...nosniff };
const again = "The service cannot answer right now: try again after the time in Retry-After.";
const againOAuth =
  "The service cannot answer right now. Nothing is wrong with the request: try again after the time in Retry-After.";

test("an answer in JSON must not be cached, unless it says otherwise", () => {
  expect(json(200, { a: 1 })).toEqual({
    status: 200,
    headers: { "Content-Type": "application/json", "Cache-Control": "no-store" },
    body: '{"a":1}',
  });
  expect(json(200, {}, { "Cache-Control": "public" }).headers).toMatchObject({ "Cache-Control": "public" });
});

describe("an error of the token endpoint is told as RFC 6749 §5.2 has it:", () => {
  const refused = new OAuthError("invalid_scope", { detail: "public", reason: "scope_not_granted" });
  const cases: [string, unknown, number, string, string, object, string][] = [
    ["a refusal", refused, 400, "invalid_scope", "public", {}, "scope_not_granted"],
    [
      "a body that is too large",
      new PublicError(413, { detail: "too large", reason: "body_too_large" }),
      413,
      "invalid_request",
      "too large",
      {},
      "body_too_large",
    ],
    [
      "a fault of Azure",
      new Unavailable("azure_unavailable", { retryAfterSeconds: 7 }),
      503,
      "temporarily_unavailable",
      againOAuth,
      { "Retry-After": "7" },
      "azure_unavailable",
    ],
    [
      "wrong settings",
      new ConfigError(["TABLES_URL is missing."]),
      503,
      "temporarily_unavailable",
      againOAuth,
      { "Retry-After": "60" },
      "wrong_settings",
    ],
  ];
  test.for(cases)("%s [check 18] [check 21]", async ([, error, status, code, description, headers, reason]) => {
    const answer = await run(tokenEndpoint(failingWith(error), noServices));
    expect(answer).toMatchObject({ status, body: { error: code, error_description: description } });
    expect(answer.headers).toEqual({ ...oauthHeaders, ...headers });
    const [level, outcome] = status >= 500 ? ["error", "failed"] : ["warn", "refused"];
    expect(answer.lines).toMatchObject([{ level, request_id: REQUEST_ID, event: "example", outcome, status, reason }]);
  });

  test.for([new TypeError("canary"), "canary", undefined])(
    "anything else is 500 without a word of it: %s [check 59]",
    async (error) => {
      const answer = await run(tokenEndpoint(failingWith(error), noServices));
      expect(answer).toMatchObject({ status: 500, headers: oauthHeaders, body: { error: "server_error" } });
      expect(answer.lines).toHaveLength(1);
      expect(JSON.stringify(answer)).not.toContain("canary");
    },
  );
});

describe.each([
  ["administrators", adminEndpoint],
  ["everybody", publicEndpoint],
])("an error of an endpoint for %s is told as a problem (RFC 9457):", (_name, make) => {
  const unknown = new Unavailable("azure_unavailable", { detail: "The outcome is unknown." });
  const cases: [string, unknown, number, string, object, string][] = [
    [
      "a refusal",
      new PublicError(404, { detail: "public", reason: "unknown_client" }),
      404,
      "public",
      {},
      "unknown_client",
    ],
    [
      "a body that is too large",
      new PublicError(413, { detail: "too large", reason: "body_too_large" }),
      413,
      "too large",
      {},
      "body_too_large",
    ],
    ["a fault of Azure", new Unavailable("azure_unavailable"), 503, again, { "Retry-After": "2" }, "azure_unavailable"],
    ["a fault with more to say", unknown, 503, "The outcome is unknown.", { "Retry-After": "2" }, "azure_unavailable"],
    ["wrong settings", new ConfigError(["x"]), 503, again, { "Retry-After": "60" }, "wrong_settings"],
    [
      "anything else",
      new TypeError("canary"),
      500,
      "The service failed. Nothing is wrong with the request.",
      {},
      "internal_error",
    ],
  ];
  test.for(cases)("%s [check 21] [check 59]", async ([, error, status, detail, headers, reason]) => {
    const answer = await run(make(failingWith(error), noServices));
    expect(answer).toMatchObject({ status, body: { type: "about:blank", status, detail } });
    expect(answer.headers).toEqual({ ...problemHeaders, ...headers });
    expect(answer.lines).toMatchObject([{ status, reason }]);
    expect(JSON.stringify(answer)).not.toContain("canary");
  });
});

describe.each([
  ["token", tokenEndpoint],
  ["admin", adminEndpoint],
  ["public", publicEndpoint],
])("a request to a %s endpoint", (kind, make) => {
  test("is answered even where the services cannot be made", async () => {
    const source = () => {
      throw new ConfigError(["TABLES_URL is missing."]);
    };
    const endpoint = vi.fn<Endpoint>();
    await expect(run(make(endpoint, source))).resolves.toMatchObject({ status: 503 });
    expect(endpoint).not.toHaveBeenCalled();
  });

  test("is ended when its time is over, whatever it waits for [check 41]", async () => {
    const clock = createClock();
    const answered = run(make(() => new Promise(() => {}), noServices, clock));
    clock.advance(15_000);
    const answer = await answered;
    expect(answer).toMatchObject({ status: 503, lines: [{ outcome: "failed", reason: "deadline_exceeded" }] });
  });

  test(`writes ${kind === "public" ? "no line" : "one line"} in the log when it succeeds [check 60]`, async () => {
    const { lines } = await run(make(async () => json(200, {}), noServices));
    expect(lines).toMatchObject(kind === "public" ? [] : [{ level: "info", outcome: "success", status: 200 }]);
  });

  test("writes its alarms on lines of their own, with what is known by then [check 60]", async () => {
    const endpoint: Endpoint = async (_request, _services, call) => {
      call.audit.client_id = "socmate-a-000000";
      call.alarm("secret_disabled", "why");
      throw new PublicError(404, { detail: "gone", reason: "unknown_client" });
    };
    const { lines } = await run(make(endpoint, noServices));
    const common = { request_id: REQUEST_ID, event: "example", client_id: "socmate-a-000000" };
    expect(lines[0]).toMatchObject({ ...common, level: "error", alarm: "secret_disabled", reason: "why" });
    expect(lines).toHaveLength(2);
  });
});
