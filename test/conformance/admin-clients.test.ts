import { expect, test } from "vitest";
import { z } from "zod";
import { jsonAnswer, problem, REFUSED } from "../support/answers.ts";
import { type Answer, bodyOf, send } from "../support/http.ts";
import { logOf } from "../support/log.ts";
import { ALL_SCOPES, startTestService } from "../support/test-service.ts";

const { url, stack, service, admin, createClient, requestToken } = await startTestService();
const { TOKEN_ISSUER: issuer = "" } = stack.settings;
const CLIENTS = `${url}/api/admin/api-clients`;

const EXAMPLE = {
  name: "XSOAR Production",
  description: "Palo Alto XSOAR integration for automated investigation",
  scopes: ["investigations:read", "investigations:write", "incidents:read"],
};
const VALID = { name: "Test", scopes: ["search:read"] };

const createdSchema = z.strictObject({
  id: z.string().regex(/^[\da-f]{24}$/),
  client_id: z.string().regex(/^socmate-[a-z\d-]+-[a-z\d]{6}$/),
  client_secret: z.string().regex(/^socmate_[\dA-Za-z]{49}$/),
  name: z.string(),
  scopes: z.array(z.string()),
  token_endpoint: z.string(),
});
const regeneratedSchema = z.strictObject({ client_id: z.string(), client_secret: z.string() });

const createWith = (members: object) => admin("POST", "", { ...VALID, ...members });
const faults = (errors: readonly { field: string; detail: string }[]) =>
  problem(
    400,
    `The body has ${errors.length === 1 ? "a fault" : `${errors.length} faults`}: correct what errors names.`,
    errors,
  );
const totalOf = async () => z.object({ total: z.int() }).parse(bodyOf(await admin("GET"))).total;
const UNKNOWN = problem(404, "There is no API client with this client_id.");

test("[check 30] the examples of the documentation work from creation to the end, member by member", async () => {
  const creation = await admin("POST", "", EXAMPLE);
  const created = createdSchema.parse(bodyOf(creation));
  expect(created.client_id).toMatch(/^socmate-xsoar-production-[a-z\d]{6}$/);
  expect(creation).toEqual(
    jsonAnswer(
      201,
      {
        id: created.id,
        client_id: created.client_id,
        client_secret: created.client_secret,
        name: EXAMPLE.name,
        scopes: EXAMPLE.scopes,
        token_endpoint: `${issuer}/oauth/token`,
      },
      { location: `/api/admin/api-clients/${created.client_id}` },
    ),
  );

  const client = { clientId: created.client_id, clientSecret: created.client_secret };
  const view = {
    id: created.id,
    client_id: created.client_id,
    name: EXAMPLE.name,
    description: EXAMPLE.description,
    status: "active",
    scopes: EXAMPLE.scopes,
    created_by: "10ca1000-0000-4000-8000-00000000000a",
    created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    last_used_at: null,
  };
  const list = await admin("GET", "?search=XSOAR");
  expect(bodyOf(list)).toEqual({ clients: [view], total: 1 });
  expect(memberNames(bodyOf(list))).toEqual(["clients", ...Object.keys(view), "total"]);
  expect(list.headers).toEqual({ "content-type": "application/json", "cache-control": "no-store" });
  const detail = await admin("GET", `/${client.clientId}`);
  expect(bodyOf(detail)).toEqual(view);
  expect(memberNames(bodyOf(detail))).toEqual(Object.keys(view));

  expect(await requestToken(client)).toMatchObject({ status: 200 });
  await expect
    .poll(async () => bodyOf(await admin("GET", `/${client.clientId}`)), { timeout: 15_000 })
    .toMatchObject({ last_used_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) });

  const regeneration = await admin("POST", `/${client.clientId}/regenerate-secret`);
  const { client_secret: newSecret } = regeneratedSchema.parse(bodyOf(regeneration));
  expect(regeneration).toEqual(jsonAnswer(200, { client_id: client.clientId, client_secret: newSecret }));
  expect(await requestToken(client)).toEqual(REFUSED);
  expect(await requestToken({ ...client, clientSecret: newSecret })).toMatchObject({ status: 200 });

  expect(await admin("DELETE", `/${client.clientId}`)).toEqual(
    jsonAnswer(200, { client_id: client.clientId, status: "disabled" }),
  );
  expect(await requestToken({ ...client, clientSecret: newSecret })).toEqual(REFUSED);
  expect(bodyOf(await admin("GET", `/${client.clientId}`))).toMatchObject({ status: "disabled" });
});

/** The names of the members of a JSON value in their order, those of nested objects in place. */
function memberNames(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  const nested = Object.values(value).flatMap(memberNames);
  if (Array.isArray(value)) return nested;
  return Object.entries(value).flatMap(([name, member]) => [name, ...memberNames(member)]);
}

test("[check 31] refuses to create a client with invalid scopes and names each", async () => {
  const scopes = ["search:write", "search:read", "Graph:Read", "*", ""];
  const known = `The scopes are: ${ALL_SCOPES.join(", ")}.`;
  expect(await createWith({ scopes })).toEqual(
    faults([
      { field: "scopes", detail: `"search:write" is not a scope. ${known}` },
      { field: "scopes", detail: `"Graph:Read" is not a scope. ${known}` },
      { field: "scopes", detail: `"*" is not a scope. ${known}` },
      { field: "scopes", detail: `Item 4 is not a scope. ${known}` },
    ]),
  );
});

test("[check 31] refuses to create a client without a scope, or with the same scope twice", async () => {
  expect(await createWith({ scopes: [] })).toEqual(
    faults([{ field: "scopes", detail: `Must name at least one scope of: ${ALL_SCOPES.join(", ")}.` }]),
  );
  expect(await createWith({ scopes: ["search:read", "search:read"] })).toEqual(
    faults([{ field: "scopes", detail: '"search:read" is repeated.' }]),
  );
});

test("names all faults of a new client in one answer", async () => {
  const body = { name: "", description: "x".repeat(501), scopes: "search:read", id: "x" };
  expect(await admin("POST", "", body)).toEqual(
    faults([
      { field: "name", detail: "Must not be empty." },
      { field: "description", detail: "Must be at most 500 characters long." },
      { field: "scopes", detail: "Must be an array of scopes." },
      { field: "id", detail: "Is not a member of the body: remove it." },
    ]),
  );
});

test("[check 33] refuses a new client without the members that are required", async () => {
  expect(await admin("POST", "", {})).toEqual(
    faults([
      { field: "name", detail: "Is required." },
      { field: "scopes", detail: "Is required." },
    ]),
  );
});

test("[check 37] refuses a client secret in the name or the description of a new client", async () => {
  const { clientSecret } = await createClient();
  for (const field of ["name", "description"]) {
    const answer = await createWith({ [field]: `the secret is ${clientSecret}` });
    expect(answer).toEqual(faults([{ field, detail: "Must not contain a client secret." }]));
  }
});

test.for([
  "id",
  "client_id",
  "client_secret",
  "status",
  "created_by",
  "secretName",
  "partitionKey",
  "rowKey",
  "odata.etag",
  "__proto__",
  "constructor",
  "toString",
])("[check 32] refuses a new client with the unknown member %s and stores nothing", async (member) => {
  const before = await totalOf();
  const body = `{"name":"Test","scopes":["search:read"],${JSON.stringify(member)}:"active"}`;
  expect(await postJson(body)).toEqual(faults([{ field: member, detail: "Is not a member of the body: remove it." }]));
  expect(await totalOf()).toBe(before);
});

function postJson(body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) {
  const authorization = `Bearer ${stack.adminToken()}`;
  return send(CLIENTS, {
    method: "POST",
    headers: { authorization, "content-type": "application/json", ...headers },
    body,
  });
}

const nested = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;
const WRONG_TYPES = ["null", "1", "1e400", "true", "[]", "{}", '["x"]', nested(10_000)];

test.for(["name", "description", "scopes"])(
  "[check 33] refuses a new client with a wrong type of %s",
  async (member) => {
    const detail = member === "scopes" ? "Must be an array of scopes." : "Must be a string.";
    const wrong = WRONG_TYPES.filter((value) => member !== "scopes" || !value.startsWith("["));
    for (const value of wrong) {
      const others = Object.entries(VALID).filter(([name]) => name !== member);
      const members = [...others.map(([name, other]) => `"${name}":${JSON.stringify(other)}`), `"${member}":${value}`];
      expect(await postJson(`{${members.join(",")}}`), value.slice(0, 20)).toEqual(faults([{ field: member, detail }]));
    }
  },
);

test("[check 33] refuses a new client with a wrong type of a scope", async () => {
  for (const value of WRONG_TYPES) {
    expect(await postJson(`{"name":"Test","scopes":[${value}]}`), value.slice(0, 20)).toEqual(
      faults([{ field: "scopes", detail: "Item 0 must be a string." }]),
    );
  }
});

test.for([
  ["null", "null"],
  ["a number", "1"],
  ["a string", '"x"'],
  ["a boolean", "true"],
  ["an array", "[]"],
  ["10,000 arrays in each other", nested(10_000)],
] as const)("[check 33] refuses %s in place of a new client", async ([, body]) => {
  expect(await postJson(body)).toEqual(faults([{ field: "", detail: "Must be a JSON object." }]));
});

test("refuses a new client whose body is missing, not JSON or not UTF-8", async () => {
  const notJson = problem(400, "The body is not valid JSON in UTF-8.");
  for (const body of ["", "{", "{'name':'x'}", '{"name":"x"} x', Buffer.from([0x22, 0xff, 0x22])]) {
    expect(await postJson(body)).toEqual(notJson);
  }
});

test("RFC 9110 §15.5.16: refuses a new client in another media type with 415", async () => {
  const expected = problem(415, "Send the body as JSON: Content-Type: application/json.");
  for (const mediaType of ["text/plain", "application/x-www-form-urlencoded", "application/problem+json", ""]) {
    expect(await postJson(JSON.stringify(VALID), { "content-type": mediaType })).toEqual(expected);
  }
  const charset = { "content-type": "Application/JSON; charset=utf-8" };
  expect(await postJson(JSON.stringify(VALID), charset)).toMatchObject({ status: 201 });
});

test("RFC 9110 §15.5.14: takes a new client of 64 KiB and refuses one byte more", async () => {
  const body = JSON.stringify(VALID).padEnd(64 * 1024);
  expect(await postJson(body)).toMatchObject({ status: 201 });
  expect(await postJson(`${body} `)).toEqual(problem(413, "The body is too large: send at most 64 KiB."));
});

const UNPRINTABLE = "Must not contain control, bidirectional, zero-width or other invisible characters.";

test.for<[string, unknown, string]>([
  ["nothing", "", "Must not be empty."],
  ["spaces", "  \u3000", "Must not be empty."],
  ["101 characters", "x".repeat(101), "Must be at most 100 characters long."],
  ["101 emoji", "🚀".repeat(101), "Must be at most 100 characters long."],
  ["NUL", "a\0b", UNPRINTABLE],
  ["a line feed", "a\nb", UNPRINTABLE],
  ["a C1 control", "a\u0085b", UNPRINTABLE],
  ["DEL", "a\u007fb", UNPRINTABLE],
  ["a right-to-left override", "a\u202eb", UNPRINTABLE],
  ["an isolate", "a\u2066b", UNPRINTABLE],
  ["a zero-width space", "a\u200bb", UNPRINTABLE],
  ["a zero-width joiner alone", "a\u200db", UNPRINTABLE],
  ["a byte order mark", "a\ufeffb", UNPRINTABLE],
  ["a soft hyphen", "a\u00adb", UNPRINTABLE],
  ["a line separator", "a\u2028b", UNPRINTABLE],
  ["a Hangul filler", "a\u3164b", UNPRINTABLE],
  ["a tag", "a\u{e0041}b", UNPRINTABLE],
  ["half a surrogate pair", "a\ud800b", UNPRINTABLE],
])("[check 34] refuses a new client with a name of %s", async ([, name, detail]) => {
  expect(await createWith({ name })).toEqual(faults([{ field: "name", detail }]));
});

test.for<[string, string]>([
  ["Zürich – Überwachung", "socmate-zurich-uberwachung-"],
  ["🚀 SOAR 👩‍💻", "socmate-soar-"],
  ["日本語", "socmate-client-"],
  ["!!!", "socmate-client-"],
  ["<script>alert(1)</script>", "socmate-script-alert-1-script-"],
  ["../../etc/passwd", "socmate-etc-passwd-"],
  ['O\'Brien & "Söhne" 100%', "socmate-o-brien-sohne-100-"],
  ["x".repeat(100), `socmate-${"x".repeat(40)}-`],
])("[check 34] takes the name %s for a new client and makes a client_id of it", async ([name, start]) => {
  const { client_id: clientId, name: shown } = createdSchema.parse(bodyOf(await createWith({ name })));
  expect(shown).toBe(name);
  expect(clientId.slice(0, -6)).toBe(start);
  expect(bodyOf(await admin("GET", `/${clientId}`))).toMatchObject({ client_id: clientId, name });
});

test("[check 34] keeps the name of a client in NFC and without space around it", async () => {
  const { name } = createdSchema.parse(bodyOf(await createWith({ name: "  Zu\u0308rich  " })));
  expect(name).toBe("Z\u00fcrich");
});

test("[check 37] shows a client secret once, and neither it nor its hash anywhere else", async () => {
  const creation = await createWith({ name: "Canary" });
  const { client_id: clientId, client_secret: first } = createdSchema.parse(bodyOf(creation));
  const regeneration = await admin("POST", `/${clientId}/regenerate-secret`);
  const { client_secret: second } = regeneratedSchema.parse(bodyOf(regeneration));
  const others = [
    await admin("GET"),
    await admin("GET", `/${clientId}`),
    await admin("GET", `?search=${first}`),
    await admin("GET", `/${first}`),
    await createWith({ name: first }),
    await createWith({ description: `the secret is ${first}` }),
    await createWith({ scopes: [first] }),
    await createWith({ [first]: first }),
    await requestToken({ clientId, clientSecret: first }),
    await requestToken({ clientId, clientSecret: second }),
    await admin("DELETE", `/${clientId}`),
    await admin("POST", `/${clientId}/regenerate-secret`),
    await requestToken({ clientId, clientSecret: second }),
  ];
  const shown = [...others.map((answer) => JSON.stringify(answer)), ...logOf(service)];
  for (const secret of [first, second, "v1:", "client-secret-"]) {
    expect(shown.filter((text) => text.includes(secret))).toEqual([]);
  }
});

test("[check 40] answers the second DELETE of a client as the first", async () => {
  const { clientId } = await createClient();
  const disabled = jsonAnswer(200, { client_id: clientId, status: "disabled" });
  expect(await admin("DELETE", `/${clientId}`)).toEqual(disabled);
  expect(await admin("DELETE", `/${clientId}`)).toEqual(disabled);
});

test.for([
  ["GET", ""],
  ["DELETE", ""],
  ["POST", "/regenerate-secret"],
] as const)(
  "[check 40] answers %s /api/admin/api-clients/{client_id}%s for an unknown client with 404",
  async ([method, action]) => {
    expect(await admin(method, `/socmate-unknown-abc123${action}`)).toEqual(UNKNOWN);
    expect(await admin(method, `/Not%20A%20Client${action}`)).toEqual(UNKNOWN);
  },
);

test("[check 40] refuses to regenerate the secret of a disabled client with 409", async () => {
  const { clientId } = await createClient();
  await admin("DELETE", `/${clientId}`);
  expect(await admin("POST", `/${clientId}/regenerate-secret`)).toEqual(
    problem(409, "The client is disabled for good: create a new one."),
  );
});

test.for([
  ["DELETE", ""],
  ["POST", "/regenerate-secret"],
] as const)(
  "RFC 9110 §15.5.1: refuses a body with %s /api/admin/api-clients/{client_id}%s and leaves the client as it was",
  async ([method, action]) => {
    const client = await createClient();
    expect(await admin(method, `/${client.clientId}${action}`, {})).toEqual(
      problem(400, "Send no body: this request takes none."),
    );
    expect(await requestToken(client)).toMatchObject({ status: 200 });
  },
);

test.for<[string, () => Promise<Answer>]>([
  ["the query parameter client_id", () => admin("GET", "/socmate-test-abc123?Client_ID=socmate-test-def456")],
  ["the query parameter Headers", () => admin("GET", "?headers=%7B%7D")],
  ["the query parameter Query", () => admin("GET", "?QUERY=%7B%7D")],
  ["the JSON member Headers", () => createWith({ headers: {} })],
  ["the header x-ms-invocation-id", () => postJson(JSON.stringify(VALID), { "x-ms-invocation-id": "x" })],
])("RFC 9110 §15.5.1: refuses %s, which Azure Functions would take for its own", async ([, ask]) => {
  expect(await ask()).toEqual(
    problem(
      400,
      "Remove the member of the body, or the parameter of the URL, that is named Headers, Query, or like a parameter of the path, and any header x-ms-invocation-id: Azure Functions would take it for its own.",
    ),
  );
});
