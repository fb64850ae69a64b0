import { STATUS_CODES } from "node:http";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { z } from "zod";
import { anyText } from "./any-text.ts";
import { type Answer, bodyOf } from "./support/http.ts";
import { type RequestParts, requestOf, sendRaw } from "./support/raw-http.ts";
import { basic, startTestService } from "./support/test-service.ts";

// Whatever anybody sends: an answer of the error table in JSON, never a 5xx, and the service goes on. A failure prints its seed.

const { url, stack, createClient, requestToken } = await startTestService();
const { host } = new URL(url);
const client = await createClient();
const FORM: [string, string] = ["Content-Type", "application/x-www-form-urlencoded"];
const JSON_TYPE: [string, string] = ["Content-Type", "application/json"];
const CLIENTS = "/api/admin/api-clients";
const adminToken = (): [string, string] => ["Authorization", `Bearer ${stack.adminToken()}`];

const ask = (parts: Partial<RequestParts>): Promise<Answer> =>
  sendRaw(
    url,
    requestOf({ method: "POST", target: "/oauth/token", headers: [], body: Buffer.alloc(0), ...parts }, host),
  );

/** On a machine that is busy, fewer runs are enough. */
const TIME_LIMIT_MS = 10_000;
const RUNS = { numRuns: 150, interruptAfterTimeLimit: TIME_LIMIT_MS };

afterEach(async () => {
  expect(await requestToken(client)).toMatchObject({ status: 200 });
});

const STATUS_OF_ERROR: Record<string, number[]> = {
  invalid_request: [400, 405, 413],
  unsupported_grant_type: [400],
  invalid_scope: [400],
  invalid_client: [401],
};
const oauthErrorBody = z.strictObject({
  error: z.enum(Object.keys(STATUS_OF_ERROR)),
  error_description: z.string().regex(/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/),
});

function expectTokenAnswer(answer: Answer): void {
  expect(answer.headers).toMatchObject({ "content-type": "application/json", "cache-control": "no-store" });
  if (answer.status === 200) return void expect(bodyOf(answer)).toMatchObject({ token_type: "Bearer" });
  const { error } = oauthErrorBody.parse(bodyOf(answer));
  expect(STATUS_OF_ERROR[error]).toContain(answer.status);
}

const problemBody = z.strictObject({
  type: z.literal("about:blank"),
  title: z.string(),
  status: z.int(),
  detail: z.string().min(1),
  errors: z.array(z.strictObject({ field: z.string(), detail: z.string().min(1) })).optional(),
});

function expectAdminAnswer(answer: Answer, statuses: number[]): void {
  expect(statuses, answer.text).toContain(answer.status);
  if (answer.status < 300) return void expect(answer.headers["content-type"]).toBe("application/json");
  expect(answer.headers["content-type"]).toBe("application/problem+json");
  const { status, title } = problemBody.parse(bodyOf(answer));
  expect([status, title]).toEqual([answer.status, STATUS_CODES[answer.status]]);
}

const bytes = fc.uint8Array({ maxLength: 300 });
const headerName = fc
  .string({ unit: fc.constantFrom(..."abcdefghijklmnopqrstuvwxyzXYZ0189-_!#$%&'*+.^`|~"), minLength: 1, maxLength: 20 })
  // These frame the message or are hop by hop: what they do is not for a function to see.
  .filter(
    (name) => !/^(content-length|transfer-encoding|connection|host|expect|upgrade|te|trailer|keep-alive)$/i.test(name),
  );
const headerValue = fc
  .array(fc.integer({ min: 0x20, max: 0x7e }), { maxLength: 60 })
  .map((codes) => String.fromCharCode(...codes));
/** What RFC 9110 §5.5 calls obs-text: a byte that is seldom UTF-8, or a character of it. */
const obsText = fc.oneof(
  fc.integer({ min: 0x80, max: 0xff }).map((byte) => String.fromCharCode(byte)),
  fc
    .integer({ min: 0xa0, max: 0x10ffff })
    .filter((point) => point < 0xd800 || point > 0xdfff)
    .map((point) => Buffer.from(String.fromCodePoint(point)).toString("latin1")),
);
const headers = fc.array(
  fc.tuple(
    fc.oneof(
      headerName,
      fc.constantFrom("Authorization", "Content-Type", "X-Forwarded-Host", "X-HTTP-Method-Override"),
    ),
    headerValue,
  ),
  { maxLength: 8 },
);
const authorization = fc.oneof(
  headerValue,
  headerValue.map((value) => `Basic ${value}`),
  headerValue.map((value) => `Bearer ${value}`),
  bytes.map((value) => `Basic ${Buffer.from(value).toString("base64")}`),
  fc.tuple(anyText(), anyText()).map(([id, secret]) => basic(id, secret)),
  bytes.map(
    (value) => `Bearer ${Buffer.from(value).toString("base64url")}.${Buffer.from(value).toString("base64url")}.`,
  ),
);

test("the token endpoint answers a form of any bytes with a documented error or a token", async () => {
  await fc.assert(
    fc.asyncProperty(bytes, async (body) => expectTokenAnswer(await ask({ headers: [FORM], body }))),
    RUNS,
  );
});

test("the token endpoint answers any headers and any query with a documented error or a token", async () => {
  const query = fc.array(fc.tuple(anyText(), anyText()), { maxLength: 4 }).map((pairs) => new URLSearchParams(pairs));
  await fc.assert(
    fc.asyncProperty(headers, query, bytes, async (fields, query, body) =>
      expectTokenAnswer(await ask({ target: `/oauth/token?${query}`, headers: fields, body })),
    ),
    RUNS,
  );
});

test("the token endpoint answers any Authorization header with a documented error or a token", async () => {
  const body = Buffer.from("grant_type=client_credentials");
  await fc.assert(
    fc.asyncProperty(authorization, async (value) =>
      expectTokenAnswer(await ask({ headers: [FORM, ["Authorization", value]], body })),
    ),
    RUNS,
  );
});

test("the token endpoint gives a token for right parameters alone, in any mixture with arbitrary ones", async () => {
  const right = {
    grant_type: "client_credentials",
    client_id: client.clientId,
    client_secret: client.clientSecret,
    scope: "search:read graph:read",
  };
  const anyValue = (value: string) => fc.oneof({ arbitrary: fc.constant(value), weight: 3 }, anyText());
  const form = fc.record(
    {
      grant_type: anyValue(right.grant_type),
      client_id: anyValue(right.client_id),
      client_secret: anyValue(right.client_secret),
      scope: anyValue(right.scope),
    },
    { requiredKeys: [] },
  );
  await fc.assert(
    fc.asyncProperty(form, async (parameters) => {
      const answer = await ask({ headers: [FORM], body: Buffer.from(new URLSearchParams(parameters).toString()) });
      expectTokenAnswer(answer);
      const { scope = "", ...others } = parameters;
      const { scope: rightScope, ...rightOthers } = right;
      const isRight = isDeepStrictEqual(others, rightOthers) && ["", rightScope].includes(scope);
      expect(answer.status === 200).toBe(isRight);
    }),
    RUNS,
  );
});

test("any method and any path get an answer, in JSON from the service or empty from the platform", async () => {
  const segment = fc.oneof(
    fc.constantFrom(
      "api",
      "admin",
      "api-clients",
      "oauth",
      "token",
      "health",
      ".well-known",
      "..",
      "%2e%2e",
      "%2F",
      "%5c",
    ),
    anyText({ maxLength: 10 }).map(encodeURIComponent),
    fc.string({ unit: fc.constantFrom(..."abcXYZ%/?#[]@!$&'()*+,;=:~|^`{}\\\"<>"), maxLength: 10 }),
  );
  const target = fc.array(segment, { maxLength: 6 }).map((segments) => `/${segments.join("/")}`);
  const method = fc.constantFrom("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS");
  await fc.assert(
    fc.asyncProperty(method, target, fc.boolean(), async (verb, path, isAdmin) => {
      const answer = await ask({ method: verb, target: path, headers: isAdmin ? [adminToken()] : [] });
      expect(answer.status).toBeLessThan(500);
      // At the root is the platform's own page, switched off. To the platform, # and \ are characters like others.
      const { pathname } = new URL(url + path.replace(/[#\\]/g, encodeURIComponent));
      if (answer.text === "") expect(pathname === "/" ? [204, 400, 404] : [400, 404]).toContain(answer.status);
      else expect(bodyOf(answer)).toBeTypeOf("object");
    }),
    RUNS,
  );
});

test("the admin API refuses any bytes as the body of a new client", async () => {
  await fc.assert(
    fc.asyncProperty(bytes, async (body) =>
      expectAdminAnswer(await ask({ target: CLIENTS, headers: [adminToken(), JSON_TYPE], body }), [400]),
    ),
    RUNS,
  );
});

test("the admin API creates a client from any JSON or refuses it as a bad request", async () => {
  const member = fc.oneof(fc.jsonValue(), anyText(), fc.constantFrom("Test", ["search:read"], []));
  const json = fc.oneof(
    fc.jsonValue(),
    fc.record({ name: member, description: member, scopes: member, status: member }, { requiredKeys: [] }),
    fc.dictionary(anyText(), member),
  );
  await fc.assert(
    fc.asyncProperty(json, async (value) => {
      const body = Buffer.from(JSON.stringify(value));
      expectAdminAnswer(await ask({ target: CLIENTS, headers: [adminToken(), JSON_TYPE], body }), [201, 400]);
    }),
    RUNS,
  );
});

test("the admin API keeps any name and description that it takes, and finds the client by them", async () => {
  const stored = (text: string) =>
    text
      .normalize("NFC")
      .replace(/[\p{Zs}\u2800]+/gu, " ")
      .trim();
  const view = z.object({ client_id: z.string(), name: z.string() });
  const page = z.object({ clients: z.array(z.object({ client_id: z.string(), description: z.string() })) });
  await fc.assert(
    fc.asyncProperty(
      anyText({ minLength: 1, maxLength: 20 }),
      anyText({ maxLength: 20 }),
      async (name, description) => {
        const body = Buffer.from(JSON.stringify({ name, description, scopes: ["search:read"] }));
        const creation = await ask({ target: CLIENTS, headers: [adminToken(), JSON_TYPE], body });
        expectAdminAnswer(creation, [201, 400]);
        if (creation.status !== 201) return;
        const created = view.parse(bodyOf(creation));
        expect(created.name).toBe(stored(name));
        const search = encodeURIComponent(created.name);
        const found = await ask({
          method: "GET",
          target: `${CLIENTS}?search=${search}&limit=1000`,
          headers: [adminToken()],
        });
        const { clients } = page.parse(bodyOf(found));
        expect(clients).toContainEqual({
          client_id: created.client_id,
          description: stored(description),
        });
      },
    ),
    { ...RUNS, numRuns: 60 },
  );
});

test("the admin API answers a list with any query, or refuses it as a bad request", async () => {
  const value = fc.oneof(
    anyText({ maxLength: 20 }),
    fc.integer().map(String),
    fc.constantFrom("active", "disabled", "1"),
  );
  const query = fc.record(
    { search: value, status: value, limit: value, offset: value, client_id: value, Headers: value, $filter: value },
    { requiredKeys: [] },
  );
  await fc.assert(
    fc.asyncProperty(query, async (parameters) => {
      const target = `${CLIENTS}?${new URLSearchParams(parameters)}`;
      const answer = await ask({ method: "GET", target, headers: [adminToken()] });
      expectAdminAnswer(answer, parameters.Headers === undefined ? [200, 400] : [400]);
    }),
    RUNS,
  );
});

test("the admin API finds no client by any other client_id in the path", async () => {
  const action = fc.constantFrom(["GET", ""], ["DELETE", ""], ["POST", "/regenerate-secret"]);
  const text = anyText({ minLength: 1, maxLength: 30 }).filter((id) => !/^\.{1,2}$|[\0/\\]/.test(id));
  await fc.assert(
    fc.asyncProperty(action, text, async ([method = "", path = ""], id) => {
      const target = `${CLIENTS}/${encodeURIComponent(id)}${path}`;
      expectAdminAnswer(await ask({ method, target, headers: [adminToken()] }), [404]);
    }),
    RUNS,
  );
});

test("the platform refuses any Authorization header beyond ASCII", async () => {
  const values = fc.sample(fc.tuple(headerValue, obsText, headerValue), 40).map((parts) => parts.join(""));
  const answers = values.flatMap((value) => [
    ask({ headers: [FORM, ["Authorization", value]], body: Buffer.from("grant_type=client_credentials") }),
    ask({ method: "GET", target: CLIENTS, headers: [["Authorization", value]] }),
  ]);
  for (const { status, text } of await Promise.all(answers)) {
    expect([400, 500]).toContain(status);
    expect(text).toBe("");
  }
});

test("the admin API refuses any Authorization header that is not a valid admin token", async () => {
  await fc.assert(
    fc.asyncProperty(authorization, async (value) =>
      expectAdminAnswer(await ask({ method: "GET", target: CLIENTS, headers: [["Authorization", value]] }), [401]),
    ),
    RUNS,
  );
});
