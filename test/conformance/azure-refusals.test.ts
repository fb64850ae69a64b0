import { afterAll, expect, onTestFinished, test } from "vitest";
import { Faults, parseFault } from "../../local/faults/faults.ts";
import { startFaultyStack } from "../../local/faulty-stack.ts";
import { startService } from "../../local/host/service.ts";
import { startStack } from "../../local/stack.ts";
import { problem } from "../support/answers.ts";
import { type Answer, bodyOf, send } from "../support/http.ts";
import { startTestService } from "../support/test-service.ts";

const stack = await startStack();
const faults = new Faults();
const { settings, close } = await startFaultyStack(stack, faults);
afterAll(close);
const { admin } = await startTestService({ port: 0 }, { ...stack, settings });

const NEW_CLIENT = { name: "Test", scopes: ["search:read"] };

test.for([
  [
    "a policy that demands an expiry date for secrets",
    "secret-set=forbid",
    "Azure refused: the vault of the secret hashes (Key Vault) answered 403 Forbidden. Nothing was changed, and trying again immediately does not help. If a policy demands an expiry date for secrets, an operator must set SECRET_HASH_EXPIRY_DAYS or exempt the vault. Else an operator must check the policies, the app's role and the network rules there.",
  ],
  [
    "a missing role at the vault",
    "secret-get=forbid",
    "Azure refused: the vault of the secret hashes (Key Vault) answered 403 ForbiddenByRbac. Nothing was changed, and trying again immediately does not help. An operator must give the app its role there. A role assignment, also that of a first deployment, needs up to 10 minutes to take effect.",
  ],
  [
    "a missing role at the table",
    "table-insert=forbid",
    "Azure refused: the table of clients (Table Storage) answered 403 AuthorizationPermissionMismatch. Nothing was changed, and trying again immediately does not help. An operator must give the app its role there. A role assignment, also that of a first deployment, needs up to 10 minutes to take effect.",
  ],
] as const)("[check 72] tells an administrator about %s, without Retry-After", async ([, rule, detail]) => {
  faults.rules = [parseFault(rule)];
  await expect(admin("POST", "", NEW_CLIENT)).resolves.toEqual(problem(503, detail));
  faults.rules = [];
  await expect(admin("POST", "", NEW_CLIENT)).resolves.toMatchObject({ status: 201 });
});

test("[check 72] under a policy that demands an expiry date, creates, regenerates and disables with SECRET_HASH_EXPIRY_DAYS, and only with it", async () => {
  const { url, stop } = await startService({ ...stack, settings }, { port: 0, env: { SECRET_HASH_EXPIRY_DAYS: "90" } });
  onTestFinished(() => stop());
  const ask = (method: string, path = "", body?: object): Promise<Answer> =>
    send(`${url}/api/admin/api-clients${path}`, {
      method,
      headers: { authorization: `Bearer ${stack.adminToken()}`, "content-type": "application/json" },
      ...(body && { body: JSON.stringify(body) }),
    });
  faults.rules = [parseFault("secret-*=demand-expiry")];
  await expect(admin("POST", "", NEW_CLIENT)).resolves.toMatchObject({ status: 503 });
  const created = await ask("POST", "", NEW_CLIENT);
  expect(created.status).toBe(201);
  const { client_id: clientId } = bodyOf(created) as { client_id: string };
  await expect(ask("POST", `/${clientId}/regenerate-secret`)).resolves.toMatchObject({ status: 200 });
  await expect(ask("DELETE", `/${clientId}`)).resolves.toMatchObject({ status: 200 });
  faults.rules = [];
});
