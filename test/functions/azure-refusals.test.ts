import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { create } from "../../functions/create.ts";
import { disable } from "../../functions/disable.ts";
import { list } from "../../functions/list.ts";
import { regenerate } from "../../functions/regenerate.ts";
import { token } from "../../functions/token.ts";
import { azureError, connectionReset, tableError, vaultError } from "../fakes/azure-error.ts";
import { createFakeServices, type FakeServices, type NewApiClient } from "../fakes/fake-services.ts";
import { failing } from "../fakes/hooks.ts";
import { type Answer, askAdmin, askToken, tokenForm } from "./invoke.ts";

let services: FakeServices;
let client: NewApiClient;
beforeEach(async () => {
  services = await createFakeServices();
  client = await services.addClient();
});
afterEach(() => void vi.restoreAllMocks());

const OPERATIONS = {
  create: () => askAdmin(create, services, { json: { name: "x", scopes: ["graph:read"] } }),
  regenerate: () => askAdmin(regenerate, services, { method: "POST", clientId: client.clientId }),
  disable: () => askAdmin(disable, services, { method: "DELETE", clientId: client.clientId }),
  list: () => askAdmin(list, services),
};
const roleMissing = () => vaultError(403, "Forbidden", "ForbiddenByRbac");
const tableForbids = () => tableError(403, "AuthorizationPermissionMismatch");
const askForToken = () => askToken(token, services, { form: tokenForm(client.clientId, client.clientSecret) });
const rows = () => JSON.stringify([...services.azure.table.rows.values()]);
const detailOf = ({ body }: Answer) => (body as { detail: string }).detail;

describe("a definite refusal by Azure [check 72]", () => {
  test.for([
    ["create", "secretVault", "setSecret", roleMissing, "vault set secret: 403 ForbiddenByRbac"],
    ["create", "secretVault", "setSecret", () => vaultError(403, "Forbidden"), "vault set secret: 403 Forbidden"],
    ["create", "secretVault", "setSecret", () => vaultError(400, "BadParameter"), "vault set secret: 400 BadParameter"],
    ["create", "secretVault", "getSecret", roleMissing, "vault get secret: 403 ForbiddenByRbac"],
    ["create", "table", "submitTransaction", tableForbids, "table insert: 403 AuthorizationPermissionMismatch"],
    ["create", "table", "submitTransaction", () => tableError(404, "TableNotFound"), "table insert: 404 TableNotFound"],
    ["regenerate", "secretVault", "setSecret", roleMissing, "vault set secret: 403 ForbiddenByRbac"],
    [
      "regenerate",
      "table",
      "submitTransaction",
      tableForbids,
      "table merge secret: 403 AuthorizationPermissionMismatch",
    ],
    ["disable", "table", "submitTransaction", tableForbids, "table merge status: 403 AuthorizationPermissionMismatch"],
    ["list", "table", "listEntities", tableForbids, "table list: 403 AuthorizationPermissionMismatch"],
  ] as const)(
    "ends a %s as such at %s %s, without an invitation to try again, and changes no row",
    async ([operation, part, method, error, note]) => {
      const before = rows();
      const fake = services.azure[part];
      fake.operations.length = 0;
      fake.before = failing(method, error);
      const answer = await OPERATIONS[operation]();

      expect(answer).toMatchObject({ status: 503, headers: { "Content-Type": "application/problem+json" } });
      expect(answer.headers).not.toHaveProperty("Retry-After");
      expect(detailOf(answer)).toContain(note.split(": ")[1]);
      expect(answer.lines).toMatchObject([
        { alarm: "azure_refused", reason: expect.stringContaining(note) },
        { outcome: "failed", reason: "azure_refused", note },
      ]);
      expect(fake.operations.filter(({ name }) => name === method)).toHaveLength(1);
      expect(rows()).toBe(before);
      fake.before = () => undefined;
      await expect(askForToken()).resolves.toMatchObject({ status: 200 });
    },
  );

  test.for([
    ["vault", "setSecret", roleMissing(), /role/],
    ["vault", "setSecret", vaultError(403, "Forbidden", "ForbiddenByFirewall"), /network rules/],
    ["vault", "setSecret", vaultError(403, "Forbidden", "ForbiddenByConnection"), /network rules/],
    ["vault", "setSecret", vaultError(403, "Forbidden"), /SECRET_HASH_EXPIRY_DAYS/],
    ["vault", "setSecret", azureError(403), /SECRET_HASH_EXPIRY_DAYS/],
    ["vault", "setSecret", azureError(404), /address in the settings/],
    ["vault", "getSecret", vaultError(404, "SecretNotFound"), /regenerate/],
    ["table", "submitTransaction", tableForbids(), /role/],
    ["table", "submitTransaction", tableError(403, "AuthorizationFailure"), /network rules/],
    ["table", "submitTransaction", tableError(404, "TableNotFound"), /address in the settings/],
    ["table", "submitTransaction", tableError(400, "InvalidInput"), /role.*network rules.*policies/],
  ] as const)(
    "names the service and the remedy, in the answer and in the alarm: %s %s",
    async ([part, method, error, remedy]) => {
      const fake = part === "vault" ? services.azure.secretVault : services.azure.table;
      fake.before = failing(method, () => error);
      const answer = await OPERATIONS.create();
      expect(detailOf(answer)).toContain(part === "vault" ? "Key Vault" : "Table Storage");
      expect(detailOf(answer)).toMatch(remedy);
      expect(answer.lines[0]?.reason).toMatch(remedy);
    },
  );

  test("shows a code of Azure and nothing else that Azure, or something before it, has written", async () => {
    for (const code of ["<script>", "two words", "x".repeat(65), ""]) {
      services.azure.secretVault.before = failing("setSecret", () => vaultError(403, code, code));
      const answer = await OPERATIONS.create();
      expect(detailOf(answer)).toContain("answered 403. ");
      expect(answer.lines[1]?.note).toBe("vault set secret: 403");
    }
  });

  test("is no such one where an earlier try of the write may have been applied: the row tells [check 49]", async () => {
    const { table } = services.azure;
    let writes = 0;
    table.before = ({ name }) => {
      if (name === "submitTransaction" && ++writes === 2) throw tableForbids();
    };
    table.after = failing("submitTransaction", connectionReset, 1);
    await expect(OPERATIONS.regenerate()).resolves.toMatchObject({ status: 200 });

    writes = 0;
    table.after = () => undefined;
    table.before = ({ name }) => {
      if (name === "submitTransaction") throw ++writes === 2 ? tableForbids() : connectionReset();
    };
    const answer = await OPERATIONS.regenerate();
    expect(answer).toMatchObject({ status: 503, headers: { "Retry-After": "2" } });
    expect(answer.lines.at(-1)).toMatchObject({ reason: "change_abandoned" });
  });

  test("ends once Azure accepts again, such as a role assignment that takes effect after a deployment", async () => {
    services.azure.secretVault.before = failing("setSecret", roleMissing, 1);
    await expect(OPERATIONS.create()).resolves.toMatchObject({ status: 503 });
    await expect(OPERATIONS.create()).resolves.toMatchObject({ status: 201 });
  });

  test("is told to a platform as any other failure, with a minute in Retry-After [check 21] [check 44]", async () => {
    vi.spyOn(console, "error").mockReturnValue();
    services.azure.table.before = failing("getEntity", tableForbids);
    const answer = await askForToken();
    expect(answer).toMatchObject({
      status: 503,
      headers: { "Retry-After": "60" },
      body: { error: "temporarily_unavailable" },
    });
    expect(JSON.stringify(answer.body)).not.toContain("Azure");
  });
});
