import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { generateClientSecret } from "../../../shared/clients/client-secret.ts";
import { OAuthError } from "../../../shared/http/oauth-error.ts";
import type { Audit } from "../../../shared/request/context.ts";
import { wellFormed } from "../../../shared/tokens/well-formed.ts";
import { anyText } from "../../any-text.ts";

const clientId = "socmate-xsoar-production-abc123";
const clientSecret = generateClientSecret();
const wrongCheckSum = clientSecret.replace(/.$/, (last) => (last === "0" ? "1" : "0"));

/** Returns the reason and note of a refusal, and the client_id of its log line. */
function refusalOf(id: string, secret: string) {
  const audit: Audit = {};
  try {
    wellFormed({ clientId: id, clientSecret: secret }, audit);
  } catch (error) {
    if (!(error instanceof OAuthError)) throw error;
    const { code, status, reason, note } = error;
    expect({ code, status }).toEqual({ code: "invalid_client", status: 401 });
    return { reason, note, logged: audit.client_id };
  }
  throw new Error("not refused");
}

test("returns well-formed credentials, and notes the client_id for the log", () => {
  const audit: Audit = {};
  expect(wellFormed({ clientId, clientSecret }, audit)).toEqual({ clientId, clientSecret });
  expect(audit).toEqual({ client_id: clientId });
});

describe("a client_id", () => {
  test.for<[string, string]>([
    [`${clientId}\n`, "a line break at its end"],
    [`${clientId}\r\n`, "a line break at its end"],
    [`\n${clientId}`, "a line break at its start"],
    ["socmate\n-a-abc123", "a line break in it"],
    [` ${clientId}`, "white space at its start"],
    [`${clientId}\t`, "white space at its end"],
    [`${clientId}\u00a0`, "white space at its end"],
    ["socmate -a-abc123", "white space in it"],
    [`\ufeff${clientId}`, "white space at its start"],
    [`${clientId}\u200b`, "an invisible character at its end"],
    [`${clientId}\0`, "an invisible character at its end"],
    ["\n", "a line break at its start"],
    [clientSecret, "a client secret"],
    [clientSecret.slice(0, 20), "a client secret"],
  ])("is refused without a trace of it in the log but a note: %j has %s [check 52] [check 64]", ([id, note]) => {
    expect(refusalOf(id, clientSecret)).toEqual({ reason: "malformed_client_id", note, logged: undefined });
  });

  test.for(["a/b", "..", "A".repeat(1_024), "SOCMATE-A-000000", "x'eq", "ä-ö", "client"])(
    "is refused without a trace of it in the log: %.20j [check 52]",
    (id) => {
      const refusal = { reason: "malformed_client_id", note: undefined, logged: undefined };
      expect(refusalOf(id, clientSecret)).toEqual(refusal);
    },
  );

  test.for([clientId, `${clientId}\n`])("is refused as swapped with the secret %j [check 64]", (secret) => {
    expect(refusalOf(clientSecret, secret)).toMatchObject({ reason: "malformed_client_id", note: "swapped" });
  });
});

describe("a client secret", () => {
  test.for<[string, string, string | undefined]>([
    ["a line break after it", `${clientSecret}\n`, "a line break at its end"],
    ["a space before it", ` ${clientSecret}`, "white space at its start"],
    ["a space in it", clientSecret.replace("_", "_ "), "white space in it"],
    ["a line break in place of its end", clientSecret.replace(/.$/, "\n"), "a line break at its end"],
    ["no end", clientSecret.slice(0, -1), undefined],
    ["no start", clientSecret.slice(1), undefined],
    ["more after it", `${clientSecret}0`, undefined],
    ["a wrong check sum", wrongCheckSum, undefined],
    ["upper case", clientSecret.toUpperCase(), undefined],
    ["nothing of a secret", "secret", undefined],
    ["the form of a client_id", clientId, undefined],
  ])("with %s is refused, with the client_id in the log [check 52] [check 64]", ([, secret, note]) => {
    expect(refusalOf(clientId, secret)).toEqual({ reason: "malformed_secret", note, logged: clientId });
  });
});

test("refuses any other credentials without a word of them in the error", () => {
  fc.assert(
    fc.property(anyText({ minLength: 12 }), anyText({ minLength: 12 }), (id, secret) => {
      const refusal = JSON.stringify(refusalOf(id, secret));
      expect(refusal).not.toContain(id);
      expect(refusal).not.toContain(secret);
    }),
  );
});
