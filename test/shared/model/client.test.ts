import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { generateClientSecret } from "../../../shared/clients/client-secret.ts";
import { newClient } from "../../../shared/clients/new-client.ts";
import { clientView, isClientId, newClientSchema, wholeSeconds } from "../../../shared/model/client.ts";
import { SCOPES } from "../../../shared/model/scopes.ts";
import { anyText } from "../../any-text.ts";

const now = new Date("2026-03-27T00:00:00.999Z");
const valid = { name: "XSOAR Production", description: "Palo Alto XSOAR", scopes: ["search:read"] };

/** Returns the faults of a body as `<member>: <message>`, or none if it is accepted. */
function faultsOf(body: unknown): string[] {
  const { error } = newClientSchema.safeParse(body);
  return error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`) ?? [];
}

const named = (name: string) => newClientSchema.parse({ ...valid, name });

describe("the name of a client", () => {
  test.for([
    ["one letter", "x"],
    ["100 letters", "a".repeat(100)],
    ["100 emoji", "😀".repeat(100)],
    ["emoji of several characters", "👨‍👩‍👧‍👦 SOC 🏳️‍🌈 1️⃣ 👍🏽"],
    ["accents", "Überwachung – Zürich"],
    ["another script", "監視チーム"],
    ["letters from right to left", "مراقبة"],
    ["quotes and tags", "O'Reilly & Söhne <script>"],
    ["Persian, with a non-joiner", "می\u200cخواهم"],
    ["Persian, with a non-joiner behind a mark", "خانه\u0654\u200cها"],
    ["Hindi, with a half form", "क्\u200dष"],
    ["Hindi, with a visible virama", "क्\u200cष"],
    ["Bengali, with a joiner before the virama", "র\u200d্যাব"],
    ["Sinhala", "ශ්\u200dරී ලංකා"],
    ["Malayalam as it was spelt before Unicode 5.1", "അവന്\u200d വന്നു"],
    ["Khmer, with a non-joiner before a vowel sign", "ប៊\u200cី"],
  ] as const)("accepts a client name of %s [check 34]", ([, name]) => {
    expect(named(name).name).toBe(name);
  });

  test("a client name is stored in NFC, and its length is counted in NFC [check 34]", () => {
    expect(named("e\u0301".repeat(100)).name).toBe("\u00e9".repeat(100));
  });

  test("a client name is stored with single spaces, and none at its ends", () => {
    expect(named(" \u3000 SOC  \u00a0team \u2800").name).toBe("SOC team");
  });

  test.for([
    ["no characters", "", "Must not be empty."],
    ["white space alone", " \u2003", "Must not be empty."],
    ["101 letters", "a".repeat(101), "Must be at most 100 characters long."],
    ["101 emoji", "😀".repeat(101), "Must be at most 100 characters long."],
  ])("refuses a client name of %s [check 34]", ([, name, message]) => {
    expect(faultsOf({ ...valid, name })).toEqual([`name: ${message}`]);
  });

  test.for([
    ["a NUL", "a\0b"],
    ["a line break", "a\nb"],
    ["a C1 control", "a\u0085b"],
    ["a line separator", "a\u2028b"],
    ["a bidirectional override", "a\u202eb"],
    ["a bidirectional isolate", "a\u2066b"],
    ["a zero-width space", "a\u200bb"],
    ["a joiner between Latin letters", "a\u200db"],
    ["a non-joiner between Latin letters", "a\u200cb"],
    ["a joiner between ideographs", "監\u200d視"],
    ["a non-joiner at the start", "\u200cمی"],
    ["a non-joiner at the end", "می\u200c"],
    ["a non-joiner before a space", "می\u200c خواهم"],
    ["two non-joiners", "می\u200c\u200cخواهم"],
    ["a joiner between scripts", "م\u200da"],
    ["a non-joiner between digits", "۱\u200c۲"],
    ["a zero-width space between Persian letters", "می\u200bخواهم"],
    ["a bidirectional override between Persian letters", "می\u202eخواهم"],
    ["a byte order mark in the middle", "a\ufeffb"],
    ["a selector outside of an emoji", "a\ufe0fb"],
    ["a Hangul filler", "a\u3164b"],
    ["a tag character", "a\u{e0041}b"],
    ["half an emoji", "a\ud83db"],
    ["a private character", "a\ue000b"],
    ["an unassigned character", "a\u{10ffff}b"],
  ])("refuses a client name with %s [check 34]", ([, name]) => {
    expect(faultsOf({ ...valid, name })).toEqual([
      "name: Must not contain control, bidirectional, zero-width or other invisible characters.",
    ]);
  });

  test.for(["name", "description"])("refuses a client secret in the %s of a client [check 37]", (member) => {
    expect(faultsOf({ ...valid, [member]: `secret: ${generateClientSecret()}` })).toEqual([
      `${member}: Must not contain a client secret.`,
    ]);
  });
});

describe("the body of a new client", () => {
  test("the description of a new client is optional and has at most 500 characters", () => {
    const { name, scopes } = valid;
    expect(newClientSchema.parse({ name, scopes })).toEqual({ name, description: "", scopes });
    expect(faultsOf({ ...valid, description: "" })).toEqual([]);
    expect(faultsOf({ ...valid, description: "é".repeat(500) })).toEqual([]);
    expect(faultsOf({ ...valid, description: "é".repeat(501) })).toEqual([
      "description: Must be at most 500 characters long.",
    ]);
  });

  test("a new client keeps its scopes in the given order", () => {
    const scopes = SCOPES.toReversed();
    expect(newClientSchema.parse({ ...valid, scopes }).scopes).toEqual(scopes);
  });

  test("names each wrong scope of a new client [check 31]", () => {
    const all = SCOPES.join(", ");
    expect(
      faultsOf({ ...valid, scopes: ["alerts:read", "search:read", "Search:read", 7, "search:read", "a b"] }),
    ).toEqual([
      `scopes: "alerts:read" is not a scope. The scopes are: ${all}.`,
      `scopes: "Search:read" is not a scope. The scopes are: ${all}.`,
      "scopes: Item 3 must be a string.",
      'scopes: "search:read" is repeated.',
      `scopes: Item 5 is not a scope. The scopes are: ${all}.`,
    ]);
    expect(faultsOf({ ...valid, scopes: [] })).toEqual([`scopes: Must name at least one scope of: ${all}.`]);
  });

  test("does not repeat a client secret among the scopes in the message [check 37]", () => {
    const secret = generateClientSecret();
    expect(faultsOf({ ...valid, scopes: [secret] }).join()).not.toContain(secret);
  });

  test.for([
    "id",
    "client_id",
    "client_secret",
    "status",
    "created_by",
    "secretName",
    "partitionKey",
    "odata.etag",
    "__proto__",
    "constructor",
    "toString",
  ])("refuses a new client with the unknown member %s [check 32]", (member) => {
    const body = JSON.parse(`{"name":"x","scopes":["search:read"],${JSON.stringify(member)}:"x"}`);
    const { error } = newClientSchema.safeParse(body);
    expect(error?.issues).toEqual([expect.objectContaining({ code: "unrecognized_keys", keys: [member] })]);
  });

  const wrong: [string, unknown][] = [
    ["null", null],
    ["a number", 1],
    ["a boolean", true],
    ["an object", {}],
    ["an array of an array", [[]]],
    ["10,000 nested arrays", JSON.parse("[".repeat(10_000) + "]".repeat(10_000))],
    ["10,000 nested objects", JSON.parse(`${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}`)],
  ];
  test.for(wrong)("refuses a new client when any member or the whole body is %s [check 33]", ([, value]) => {
    for (const member of ["name", "description", "scopes"]) {
      expect(faultsOf({ ...valid, [member]: value }), member).toEqual([expect.stringMatching(`^${member}: `)]);
    }
    expect(faultsOf(value)).not.toEqual([]);
  });

  test("names all faults of a new client together", () => {
    expect(faultsOf({ name: "", description: 1 })).toEqual([
      "name: Must not be empty.",
      "description: Must be a string.",
      "scopes: Is required.",
    ]);
  });

  test("accepts or refuses any body of a new client, and an accepted one is well-formed", () => {
    const body = fc.record(
      { name: fc.anything(), description: fc.anything(), scopes: fc.anything(), x: fc.anything() },
      { requiredKeys: [] },
    );
    const likely = fc.record({ name: anyText(), scopes: fc.subarray([...SCOPES, "x"]) });
    fc.assert(
      fc.property(fc.oneof(fc.anything(), body, likely), (input) => {
        const { data } = newClientSchema.safeParse(input);
        if (!data) return;
        expect(data.name).toBe(data.name.normalize("NFC").replace(/\s+/gu, " ").trim());
        expect([...data.name].length).toBeLessThanOrEqual(100);
        expect(isClientId(newClient(data, "socmate", "admin", now).clientId)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("a new client", () => {
  test("a new client is active, with a creation time in whole seconds and an opaque id in order of time", () => {
    const client = newClient(newClientSchema.parse(valid), "socmate", "admin-user-id", now);
    expect(client).toEqual({
      ...valid,
      id: expect.stringMatching(/^[0-9a-f]{24}$/),
      clientId: expect.stringMatching(/^socmate-xsoar-production-[a-z0-9]{6}$/),
      status: "active",
      createdBy: "admin-user-id",
      createdAt: "2026-03-27T00:00:00Z",
    });
    const later = newClient(newClientSchema.parse(valid), "socmate", "admin-user-id", new Date(now.getTime() + 1));
    expect(later.id > client.id).toBe(true);
  });

  test.for([
    ["XSOAR Production", "xsoar-production"],
    ["Überwachung (Zürich)", "uberwachung-zurich"],
    ["ﬁrewall №5", "firewall-no5"],
    ["監視チーム", "client"],
    ["😀", "client"],
    ["-- --", "client"],
    ["../../admin", "admin"],
    ["a".repeat(100), "a".repeat(40)],
    [`${"a".repeat(39)} b`, "a".repeat(39)],
    [`${"a".repeat(38)} b`, `${"a".repeat(38)}-b`],
  ] as const)("a new client named %j has %s in its client_id [check 34]", ([name, slug]) => {
    const { clientId } = newClient(named(name), "socmate", "admin", now);
    expect(clientId).toMatch(new RegExp(`^socmate-${slug}-[a-z0-9]{6}$`));
    expect(isClientId(clientId)).toBe(true);
  });

  test("new clients of the same name have different client_ids", () => {
    const ids = Array.from({ length: 100 }, () => newClient(named("x"), "socmate", "admin", now).clientId);
    expect(new Set(ids).size).toBe(100);
  });
});

test.for([
  "",
  "a",
  "a/b",
  "..",
  "a-",
  "-a",
  "a--b",
  "A-b",
  "a-b\n",
  "a-b\0",
  "a-b?",
  "ä-b",
  "a b",
  `a-${"b".repeat(79)}`,
])("%j does not have the form of a client_id [check 52]", (text) => {
  expect(isClientId(text)).toBe(false);
});

test("the longest client_id that the settings allow has the form of a client_id", () => {
  expect(isClientId(newClient(named("a".repeat(100)), "p".repeat(24), "admin", now).clientId)).toBe(true);
});

test("times are formatted in UTC with whole seconds", () => {
  expect(wholeSeconds(now)).toBe("2026-03-27T00:00:00Z");
});

test("the view of a client has exactly the members of the product's documentation, in its order", () => {
  const client = newClient(newClientSchema.parse(valid), "socmate", "admin-user-id", now);
  const readable = { unknownScopes: [], damaged: [] };
  const row = { ...client, ...readable, lastUsedAt: null, secretName: "client-secret-0", etag: "e" };
  expect(JSON.stringify(clientView(row))).toBe(
    JSON.stringify({
      id: client.id,
      client_id: client.clientId,
      name: "XSOAR Production",
      description: "Palo Alto XSOAR",
      status: "active",
      scopes: ["search:read"],
      created_by: "admin-user-id",
      created_at: "2026-03-27T00:00:00Z",
      last_used_at: null,
    }),
  );
});
