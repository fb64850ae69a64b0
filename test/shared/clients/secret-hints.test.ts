import { expect, test } from "vitest";
import { toClientRow } from "../../../shared/clients/client-row.ts";
import { generateClientSecret } from "../../../shared/clients/client-secret.ts";
import { hintOf, replacedSecretsOf, secretColumns } from "../../../shared/clients/secret-hints.ts";

const at = (second: number) => new Date(Date.UTC(2026, 2, 27, 0, 0, second));
const secret = (generation: number) => ({
  secretName: `client-secret-${generation}`,
  secretHint: `hint000${generation}`,
});

test("the hint of a secret is the first 8 of its 49 digits", () => {
  const clientSecret = generateClientSecret();
  expect(`socmate_${hintOf(clientSecret)}`).toBe(clientSecret.slice(0, 16));
});

test("a row has the hint of the current secret, and of the last eight that were replaced, with who replaced them when", () => {
  let row = toClientRow("socmate-a-000000", secretColumns(secret(0), { adminId: "ana", at: at(0) }));
  for (let i = 1; i <= 9; i++) {
    row = toClientRow("socmate-a-000000", secretColumns(secret(i), { adminId: `admin ${i}`, at: at(i) }, row));
  }
  expect(row).toMatchObject({
    secretHint: "hint0009",
    secretCreatedAt: "2026-03-27T00:00:09Z",
    secretCreatedBy: "admin 9",
  });
  expect(replacedSecretsOf(row).map(({ hint }) => hint)).toEqual(
    [8, 7, 6, 5, 4, 3, 2, 1].map((generation) => `hint000${generation}`),
  );
  expect(replacedSecretsOf(row)[0]).toEqual({
    hint: "hint0008",
    created_at: "2026-03-27T00:00:08Z",
    created_by: "admin 8",
    replaced_at: "2026-03-27T00:00:09Z",
    replaced_by: "admin 9",
  });
});

test("a row of an earlier release has no hint, and the first one after it has no predecessor", () => {
  const before = toClientRow("socmate-a-000000", { secretName: "client-secret-0" });
  const columns = secretColumns(secret(1), { adminId: "ana", at: at(1) }, before);
  expect(columns).toEqual({
    ...secret(1),
    secret_created_at: "2026-03-27T00:00:01Z",
    secret_created_by: "ana",
  });
});

test.for([undefined, "", "x", "{}", '[{"hint":"x"}]', "[1]"])(
  "a list of replaced secrets that cannot be read is none: %j",
  (replacedSecrets) => {
    expect(replacedSecretsOf({ replacedSecrets })).toEqual([]);
  },
);
