import { expect, test } from "vitest";
import { buildDotnetApi } from "../../local/dotnet-api.ts";
import { runRotationDrill } from "../../local/rotation-drill.ts";

test("[check 28] rotates a key under load, and every verifier accepts every token", { timeout: 90_000 }, async () => {
  const report = await runRotationDrill({ leadSeconds: 15, rotations: 1 });
  const { failures, refusals, kids, tokens, verifications, verifiers } = report;
  expect({ failures, refusals }).toEqual({ failures: [], refusals: 0 });
  // Where there is no .NET SDK, test/verifiers/ reports it.
  const dotnet = (await buildDotnetApi()).missing === undefined ? ["ASP.NET Core"] : [];
  expect(verifiers).toEqual(["max-age", "max-age", "jose", "jwks-rsa", ...dotnet]);
  // Two vaults with a key each, and the new one.
  expect(kids).toHaveLength(3);
  expect(tokens).toBeGreaterThan(20);
  expect(verifications).toBeGreaterThanOrEqual(verifiers.length * tokens);
});
