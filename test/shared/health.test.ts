import { describe, expect, test, vi } from "vitest";
import { azureError, connectionReset, vaultError } from "../fakes/azure-error.ts";
import { createFakeAzure, createFakeServices } from "../fakes/fake-services.ts";
import { createFakeSigningVault } from "../fakes/fake-signing-vault.ts";
import { failing } from "../fakes/hooks.ts";

const ok = { table: "ok", secrets_vault: "ok", signing_key: "ok" };
const since = "2026-03-27T00:00:00Z";
const noExpiry = { expires_at: null, days_left: null };

describe("the health of the service", () => {
  test("is that of each part, told by the least that it can be asked for", async () => {
    const { azure, health } = await createFakeServices();
    const active = { kid: expect.stringMatching(/^[\w-]{43}$/), since, ...noExpiry };
    const vault = { reachable: true, active, next: null, expired_at: null, published: 1 };
    await expect(health.report()).resolves.toEqual({ ...ok, signing_vaults: [vault] });
    const asked = [azure.table, azure.secretVault, ...azure.signingVaults].flatMap(({ operations }) =>
      operations.map(({ name }) => name),
    );
    expect(asked).toEqual(["getEntity", "getSecret", "listPropertiesOfKeyVersions", "getKey", "signData"]);
  });

  test("asks nothing for ten seconds, whoever wants to know", async () => {
    const { azure, health } = await createFakeServices();
    await Promise.all([health.report(), health.report()]);
    azure.clock.advance(9_999);
    await health.report();
    expect(azure.table.operations).toHaveLength(1);
    azure.clock.advance(1);
    await health.report();
    expect(azure.table.operations).toHaveLength(2);
  });

  test.for([
    ["table", () => azureError(403)],
    ["table", connectionReset],
    ["secrets_vault", () => vaultError(403, "Forbidden")],
    ["secrets_vault", () => azureError(500)],
    ["signing_key", () => vaultError(403, "Forbidden", "KeyDisabled")],
    ["signing_key", connectionReset],
  ] as const)("shows that its %s is unavailable, and that it is back", async ([part, error]) => {
    const log = vi.spyOn(console, "error").mockReturnValue();
    const { azure, health } = await createFakeServices();
    const [signingVault] = azure.signingVaults;
    const broken = { table: azure.table, secrets_vault: azure.secretVault, signing_key: signingVault }[part];
    if (!broken) throw new Error("no such part");
    broken.before = () => {
      throw error();
    };
    await expect(health.report()).resolves.toMatchObject({ ...ok, [part]: "unavailable" });
    broken.before = () => undefined;
    azure.clock.advance(10_000);
    await expect(health.report()).resolves.toMatchObject(ok);
    log.mockRestore();
  });

  test("shows of each signing vault what it signs with, what comes next and when, and whether it answers [check 43]", async () => {
    const azure = await createFakeAzure();
    const two = createFakeSigningVault(azure.clock.now, "https://signing-two.example");
    azure.signingVaults.push(two);
    azure.clock.advance(48 * 3_600_000);
    two.rotate();
    const { health } = await createFakeServices(azure);
    two.before = failing("signData", connectionReset);
    const kid = expect.any(String);
    await expect(health.report()).resolves.toEqual({
      ...ok,
      signing_vaults: [
        {
          reachable: true,
          active: { kid, since: expect.any(String), ...noExpiry },
          next: null,
          expired_at: null,
          published: 1,
        },
        {
          reachable: false,
          active: { kid, since: expect.any(String), ...noExpiry },
          next: { kid, active_from: "2026-03-30T00:00:00Z" },
          expired_at: null,
          published: 2,
        },
      ],
    });
  });

  test("shows when the signing key expires, the whole days left, and when it has expired [check 66]", async () => {
    const log = vi.spyOn(console, "error").mockReturnValue();
    const azure = await createFakeAzure();
    const [vault] = azure.signingVaults;
    vault?.update({ expiresOn: new Date("2026-03-29T12:00:00Z") });
    const { health } = await createFakeServices(azure);
    const kid = expect.any(String);
    await expect(health.report()).resolves.toMatchObject({
      ...ok,
      signing_vaults: [{ active: { kid, expires_at: "2026-03-29T12:00:00Z", days_left: 2 }, expired_at: null }],
    });
    azure.clock.advance(60 * 3_600_000);
    await expect(health.report()).resolves.toMatchObject({
      ...ok,
      signing_key: "unavailable",
      signing_vaults: [{ reachable: true, active: null, expired_at: "2026-03-29T12:00:00Z", published: 1 }],
    });
    log.mockRestore();
  });
});
