import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { create } from "../../functions/create.ts";
import { disable } from "../../functions/disable.ts";
import { get } from "../../functions/get.ts";
import { health } from "../../functions/health.ts";
import { list } from "../../functions/list.ts";
import { regenerate } from "../../functions/regenerate.ts";
import { sweep } from "../../functions/sweep.ts";
import { token } from "../../functions/token.ts";
import { connectionReset } from "../fakes/azure-error.ts";
import { createContext } from "../fakes/fake-context.ts";
import { createFakeAzure, createFakeServices } from "../fakes/fake-services.ts";
import type { FakeTable } from "../fakes/fake-table.ts";
import { failing } from "../fakes/hooks.ts";
import { askAdmin, askPublic, askToken, tokenForm } from "./invoke.ts";

/** The data actions of each call (learn.microsoft.com, "Authorize access to tables using Microsoft Entra ID"). */
const ACTIONS: Record<string, string[]> = {
  getEntity: ["read"],
  listEntities: ["read"],
  createEntity: ["add/action"],
  updateEntity: ["update/action"],
  // An insert into the history with an insert or a merge of the client's row.
  submitTransaction: ["add/action", "update/action"],
};

const neededFor = ({ operations }: FakeTable) => [...new Set(operations.flatMap(({ name }) => ACTIONS[name]))].sort();

/** The data actions at tables that a custom role has. */
function actionsOf(role: string): string[] {
  const text = readFileSync("bicep/modules/roles.bicep", "utf8");
  const [, definition = ""] = new RegExp(`\\n  ${role}: \\{([^}]*)\\}`).exec(text) ?? [];
  return [...definition.matchAll(/tables\/entities\/([a-z/]+)'/g)].map(([, action = ""]) => action).sort();
}

test("the roles at the tables allow what each app calls, and nothing else: the token app writes no row of a client", async () => {
  const azure = await createFakeAzure();
  const admin = await createFakeServices(azure);
  const { clientId, clientSecret } = await admin.addClient();
  const { table, usageTable } = azure;
  const forget = () => {
    table.operations.length = 0;
    usageTable.operations.length = 0;
  };

  forget();
  const tokens = await createFakeServices(azure);
  for (const secret of [clientSecret, `${clientSecret.slice(0, -1)}!`]) {
    await askToken(token, tokens, { form: tokenForm(clientId, secret) });
  }
  await tokens.usage.flush();
  await askPublic(health, tokens);
  expect(neededFor(table)).toEqual(actionsOf("rowReader"));
  expect(neededFor(usageTable)).toEqual(actionsOf("usageWriter"));

  forget();
  await askAdmin(create, admin, { json: { name: "A", scopes: ["search:read"] } });
  await askAdmin(list, admin);
  await askAdmin(get, admin, { clientId });
  table.before = failing("submitTransaction", connectionReset, 2);
  await askAdmin(regenerate, admin, { method: "POST", clientId });
  await askAdmin(disable, admin, { method: "DELETE", clientId });
  await sweep(admin, createContext());
  expect(neededFor(table)).toEqual(actionsOf("rowWriter"));
  expect(neededFor(usageTable)).toEqual(actionsOf("rowReader"));
});
