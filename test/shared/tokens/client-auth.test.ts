import fc from "fast-check";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { generateClientSecret, hashClientSecret } from "../../../shared/clients/client-secret.ts";
import { hintOf } from "../../../shared/clients/secret-hints.ts";
import type { Form } from "../../../shared/http/form.ts";
import { OAuthError } from "../../../shared/http/oauth-error.ts";
import { Unavailable } from "../../../shared/request/retry.ts";
import { authenticateClient, type Credentials, readCredentials } from "../../../shared/tokens/client-auth.ts";
import { anyText } from "../../any-text.ts";
import { createContext } from "../../fakes/fake-context.ts";
import { createFakeServices, type FakeServices, type NewApiClient } from "../../fakes/fake-services.ts";

const base64 = (text: string) => Buffer.from(text).toString("base64");
const basic = (id: string, secret: string) =>
  `Basic ${base64(new URLSearchParams([[id, secret]]).toString().replace("=", ":"))}`;

describe("credentials", () => {
  const both: Form = { client_id: "socmate-a-000000", client_secret: "s" };
  const credentials: Credentials = { clientId: "socmate-a-000000", clientSecret: "s" };

  test.for<[string | null, Form, string]>([
    [null, both, "the form"],
    ["", both, "the form, beside an empty Authorization header"],
    ["  ", both, "the form, beside a blank Authorization header"],
    [basic("socmate-a-000000", "s"), {}, "HTTP Basic"],
    [basic("socmate-a-000000", "s").replace("Basic", "bAsIc  "), {}, "HTTP Basic in any case"],
    [basic("socmate-a-000000", "s"), both, "both, where they are the very same"],
    [basic("socmate-a-000000", "s"), { client_id: "socmate-a-000000" }, "HTTP Basic, with the client_id in the form"],
    [`Basic ${base64("socmate%2Da-000000:%73")}`, {}, "HTTP Basic with encoded characters (RFC 6749 §2.3.1)"],
  ])("are taken from %j and %j: %s [check 9] [check 11]", ([authorization, form]) => {
    expect(readCredentials(authorization, form)).toEqual(credentials);
  });

  test("in HTTP Basic are parted at the first colon and form-decoded after Base64 (RFC 6749 §2.3.1) [check 9]", () => {
    expect(readCredentials(`Basic ${base64("a+b:c:d%3Ae")}`, {})).toEqual({ clientId: "a b", clientSecret: "c:d:e" });
  });

  test("in HTTP Basic are read whatever is in them [check 9]", () => {
    const text = anyText({ minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(text, text, (clientId, clientSecret) => {
        expect(readCredentials(basic(clientId, clientSecret), {})).toEqual({ clientId, clientSecret });
      }),
    );
  });

  const bad = [
    "Basic",
    "Basic ",
    `Basic ${base64("no colon")}`,
    `Basic ${base64(":")}`,
    `Basic ${base64(":secret")}`,
    `Basic ${base64("id:")}`,
    `Basic ${base64("id:%")}`,
    `Basic ${base64("%zz:secret")}`,
    "Basic a!b",
    "Basic ====",
    `Basic ${base64("id:secret")}, Basic ${base64("id:secret")}`,
    `Bearer ${base64("id:secret")}`,
    `Digest username="id"`,
    "Basic\t",
    `Basic ${base64("a".repeat(48_000))}`,
    base64("id:secret"),
  ];
  test.for(bad)("in a malformed Authorization header are refused: %.60s [check 10]", (authorization) => {
    expect(() => readCredentials(authorization, {})).toThrow(
      expect.objectContaining({ code: "invalid_client", status: 401, reason: "malformed_authorization" }),
    );
  });

  test.for<[string, string | null, Form]>([
    ["client_id", basic("socmate-a-000000", "s"), { client_id: "socmate-b-000000", client_secret: "s" }],
    ["secret", basic("socmate-a-000000", "s"), { client_id: "socmate-a-000000", client_secret: "t" }],
    ["client_id alone", basic("socmate-a-000000", "s"), { client_id: "socmate-b-000000" }],
    ["client assertion beside Basic", basic("socmate-a-000000", "s"), { client_assertion: "x" }],
    ["client assertion beside a secret", null, { client_assertion: "x", client_secret: "s" }],
  ])("in two ways are refused where they differ: another %s (RFC 6749 §2.3) [check 11]", ([, authorization, form]) => {
    expect(() => readCredentials(authorization, form)).toThrow(
      expect.objectContaining({ code: "invalid_request", status: 400, reason: "two_authentication_methods" }),
    );
  });

  test.for<Form>([{}, { client_id: "socmate-a-000000" }, { client_secret: "s" }])(
    "that are not there are refused: %j (RFC 6749 §5.2) [check 12]",
    (form) => {
      expect(() => readCredentials(null, form)).toThrow(
        expect.objectContaining({ code: "invalid_client", status: 401, reason: "no_credentials" }),
      );
    },
  );

  test.for([76, 64])("in HTTP Basic with a line end after %d characters are refused, with a note of it", (length) => {
    const text = base64(`socmate-xsoar-production-abc123:${generateClientSecret()}`);
    const wrapped = `Basic ${text.slice(0, length)} ${text.slice(length)}`;
    expect(() => readCredentials(wrapped, {})).toThrow(
      expect.objectContaining({ status: 401, reason: "malformed_authorization", note: "white space" }),
    );
  });

  test("as a client assertion are not supported (RFC 6749 §5.2)", () => {
    expect(() => readCredentials(null, { client_assertion_type: "x", client_assertion: "y" })).toThrow(
      expect.objectContaining({ code: "invalid_client", reason: "client_assertion" }),
    );
  });
});

describe("a client", () => {
  let services: FakeServices;
  let known: NewApiClient;
  const storeCalls = () => [...services.azure.table.operations, ...services.azure.secretVault.operations];
  const authenticate = (credentials: Partial<Credentials>, call = createContext()) =>
    authenticateClient({ ...known, ...credentials }, services, call);
  const rowOf = ({ clientId }: NewApiClient) => {
    const row = services.azure.table.rows.get(`${clientId}/client`);
    if (!row) throw new Error("no row");
    return row;
  };
  const vaultSecretOf = (client: NewApiClient) => {
    const [secret] = services.azure.secretVault.secrets.get(String(rowOf(client).secretName)) ?? [];
    if (!secret) throw new Error("no vault secret");
    return secret;
  };

  beforeEach(async () => {
    services = await createFakeServices();
    known = await services.addClient();
    services.azure.table.operations.length = 0;
    services.azure.secretVault.operations.length = 0;
  });

  test("is known by its secret, and from then on the actor in the log", async () => {
    const call = createContext();
    await expect(authenticate({}, call)).resolves.toMatchObject({ clientId: known.clientId });
    expect(call.audit).toEqual({ actor: known.clientId });
  });

  test("is refused in the same words for every reason, and is not the actor [check 13]", async () => {
    const other = await services.addClient();
    const disabled = await services.addClient();
    await services.clients.disable(disabled.clientId, { adminId: "admin", at: services.clock.now() }, createContext());
    const attempts: [string, Partial<Credentials>][] = [
      ["unknown_client", { clientId: "socmate-unknown-000000" }],
      ["wrong_secret", { clientSecret: generateClientSecret() }],
      ["wrong_secret", { clientSecret: other.clientSecret }],
      ["disabled_client", { clientId: disabled.clientId, clientSecret: generateClientSecret() }],
    ];
    for (const [reason, credentials] of attempts) {
      const call = createContext();
      const error = await authenticate(credentials, call).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(OAuthError);
      expect({ ...(error as OAuthError), stack: undefined }).toEqual({
        name: "OAuthError",
        code: "invalid_client",
        outcome: "refused",
        status: 401,
        detail: "The client is unknown or disabled, or its secret is wrong: check client_id and client_secret.",
        headers: {},
        reason,
      });
      expect(call.audit.actor).toBeUndefined();
    }
  });

  test("is told to administrators by a secret that was replaced, and by one of a disabled client, with an alarm", async () => {
    const { clientId, clientSecret } = known;
    const row = await services.clients.find(clientId, createContext());
    if (!row) throw new Error("no row");
    const next = generateClientSecret();
    const secretName = await services.secrets.put(clientId, hashClientSecret(clientId, next), createContext());
    const author = { adminId: "ana", at: services.clock.now() };
    await services.clients.replaceSecret(row, { secretName, secretHint: hintOf(next) }, author, createContext());
    const told = async (presented: string) => {
      const context = createContext();
      const error = await authenticate({ clientSecret: presented }, context).catch((thrown: unknown) => thrown);
      const { reason, note, detail } = error as OAuthError;
      return { reason, note, detail, alarms: context.alarms };
    };
    const detail = "The client is unknown or disabled, or its secret is wrong: check client_id and client_secret.";
    const replaced = "replaced at 2026-03-27T00:00:00Z by ana";
    expect(await told(clientSecret)).toEqual({ reason: "replaced_secret", note: replaced, detail, alarms: [] });
    expect(await told(generateClientSecret())).toEqual({ reason: "wrong_secret", note: undefined, detail, alarms: [] });
    await services.clients.disable(clientId, author, createContext());
    const reason = "disabled_client_known_secret";
    for (const [presented, note] of [
      [next, "not replaced"],
      [clientSecret, replaced],
    ] as const) {
      const alarm = `disabled_client_secret: a secret of the disabled client ${clientId} is in use (${note})`;
      expect(await told(presented)).toEqual({ reason, note, detail, alarms: [alarm] });
    }
    expect(await told(generateClientSecret())).toMatchObject({ reason: "disabled_client", alarms: [] });
  });

  test("is looked up afresh each time; its hash is read once", async () => {
    for (let i = 0; i < 3; i++) await authenticate({});
    expect(storeCalls().map(({ name }) => name)).toEqual(["getEntity", "getEntity", "getEntity", "getSecret"]);
  });

  test("that is unknown costs one read of the table and none of the vault, whose quota all clients share", async () => {
    await expect(authenticate({ clientId: "socmate-unknown-000000" })).rejects.toThrow(OAuthError);
    expect(storeCalls().map(({ name }) => name)).toEqual(["getEntity"]);
  });

  test("whose row names the hash of another client is refused", async () => {
    const other = await services.addClient();
    rowOf(known).secretName = rowOf(other).secretName;
    await expect(authenticate({})).rejects.toThrow(expect.objectContaining({ reason: "wrong_secret" }));
    await expect(authenticate({ clientSecret: other.clientSecret })).rejects.toThrow(
      expect.objectContaining({ reason: "wrong_secret" }),
    );
  });

  test("whose vault secret is disabled is refused, with an alarm, after a second look at the row", async () => {
    vaultSecretOf(known).properties = { ...vaultSecretOf(known).properties, enabled: false };
    const call = createContext();
    await expect(authenticate({}, call)).rejects.toThrow(expect.objectContaining({ code: "invalid_client" }));
    expect(call.alarms).toEqual(["secret_disabled: the vault secret of an active client is disabled"]);
    expect(storeCalls().map(({ name }) => name)).toEqual(["getEntity", "getEntity", "getSecret"]);
  });

  test("that is disabled has no hash read, and its locked vault secret rings no alarm", async () => {
    await services.clients.disable(known.clientId, { adminId: "admin", at: services.clock.now() }, createContext());
    vaultSecretOf(known).properties = { ...vaultSecretOf(known).properties, enabled: false };
    const call = createContext();
    const attempt = authenticate({ clientSecret: generateClientSecret() }, call);
    await expect(attempt).rejects.toThrow(expect.objectContaining({ reason: "disabled_client" }));
    expect(call.alarms).toEqual([]);
    expect(services.azure.secretVault.operations).toEqual([]);
  });

  test("whose secret is regenerated between the two reads is known by the new one, and not by the old [check 45]", async () => {
    const { table, secretVault } = services.azure;
    const next = await services.addClient();
    const [oldName, newName] = [rowOf(known).secretName, rowOf(next).secretName];
    // The row of the one client takes turns with the secret of the other, as if a regenerate came between.
    rowOf(next).secretName = oldName;
    vaultSecretOf(known).properties = { ...vaultSecretOf(known).properties, enabled: false };
    secretVault.before = () => {
      rowOf(next).secretName = newName;
      secretVault.before = () => undefined;
    };
    table.operations.length = 0;
    await expect(authenticate(next)).resolves.toMatchObject({ secretName: newName });
    expect(table.operations).toHaveLength(2);
  });

  test.for([
    ["is gone", (secrets: Map<string, unknown>, name: string) => secrets.delete(name)],
    ["holds something else", (_: Map<string, unknown>, __: string, secret: { value?: string }) => (secret.value = "x")],
  ] as const)("whose vault secret %s is our fault, not the client's", async ([, damage]) => {
    const log = vi.spyOn(console, "error").mockReturnValue();
    damage(services.azure.secretVault.secrets, String(rowOf(known).secretName), vaultSecretOf(known));
    await expect(authenticate({})).rejects.toThrow(Unavailable);
    expect(log).toHaveBeenCalledWith(expect.stringMatching(/"alarm":"(azure_refused|secret_damaged)"/));
    log.mockRestore();
  });

  test.for([
    ["status", "deleted"],
    ["scopes", "everything"],
    ["scopes", ""],
    ["secretName", ""],
  ] as const)("whose row has %s %j is our fault, whatever the secret", async ([column, value]) => {
    Object.assign(rowOf(known), { [column]: value });
    for (const clientSecret of [known.clientSecret, generateClientSecret()]) {
      await expect(authenticate({ clientSecret })).rejects.toThrow(
        expect.objectContaining({ name: "Unavailable", reason: "row_damaged", note: column }),
      );
    }
  });

  test("that is disabled is refused, whatever else in its row is damaged", async () => {
    Object.assign(rowOf(known), { status: "disabled", scopes: "", secretName: "" });
    await expect(authenticate({})).rejects.toThrow(expect.objectContaining({ reason: "disabled_client_known_secret" }));
  });
});
