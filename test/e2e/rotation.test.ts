import { expect, test } from "vitest";
import { runRotationDrill } from "../../local/rotation-drill.ts";

test("[check 28] rotates a key under load, and jose verifies every token with key sets that it never renews early", {
  timeout: 90_000,
}, async () => {
  const { failures, refusals, kids, tokens, verifications } = await runRotationDrill({ leadSeconds: 15, rotations: 1 });
  expect({ failures, refusals }).toEqual({ failures: [], refusals: 0 });
  // Two vaults with a key each, and the new one.
  expect(kids).toHaveLength(3);
  expect(tokens).toBeGreaterThan(20);
  expect(verifications).toBeGreaterThanOrEqual(2 * tokens);
});
