import { randomBytes } from "node:crypto";
import { describe, expect, test, vi } from "vitest";
import { hashClientSecret } from "../../shared/clients/client-secret.ts";
import { createSecretStore, SecretDisabled } from "../../shared/clients/secret-store.ts";
import { createRetryPolicy, Unavailable } from "../../shared/request/retry.ts";
import { createClock } from "../fakes/fake-clock.ts";
import { createContext } from "../fakes/fake-context.ts";
import { createFakeSecretVault, type FakeSecretVault } from "../fakes/fake-secret-vault.ts";
import { startRealClients } from "./real-clients.ts";

type Vault = Pick<FakeSecretVault, "setSecret" | "getSecret" | "updateSecretProperties" | "listPropertiesOfSecrets">;

const clock = createClock();
const { now } = clock;
const { secretVault: realVault } = await startRealClients(() => now().getTime());
const newName = () => `test-${randomBytes(8).toString("hex")}`;
const refusal = (statusCode: number, code: string, innerCode?: string) =>
  expect.objectContaining({
    statusCode,
    details: {
      error: expect.objectContaining({
        code,
        ...(innerCode && { innerError: expect.objectContaining({ code: innerCode }) }),
      }),
    },
  });

const vaults: [string, Vault][] = [
  ["the fake vault", createFakeSecretVault(now)],
  ["the local vault through the SDK", realVault],
];

describe.each(vaults)("%s", (_name, vault) => {
  test("returns the newest version of a secret, in any case of its name, and any that is named", async () => {
    const name = newName();
    const { properties } = await vault.setSecret(name, "one");
    expect(properties).toMatchObject({ name, enabled: true, createdOn: now() });
    await vault.setSecret(name, "two");
    await expect(vault.getSecret(name.toUpperCase())).resolves.toMatchObject({ value: "two" });
    const first = await vault.getSecret(name, properties.version ? { version: properties.version } : {});
    expect(first).toMatchObject({ name, value: "one" });
  });

  test("says which secret is not there, and which is disabled", async () => {
    const name = newName();
    await expect(vault.getSecret(name)).rejects.toThrow(refusal(404, "SecretNotFound"));
    const { properties } = await vault.setSecret(name, "one");
    await vault.updateSecretProperties(name, properties.version ?? "", { enabled: false });
    await expect(vault.getSecret(name)).rejects.toThrow(refusal(403, "Forbidden", "SecretDisabled"));
    await vault.updateSecretProperties(name, properties.version ?? "", { enabled: true });
    await expect(vault.getSecret(name)).resolves.toMatchObject({ value: "one" });
  });

  test("lists every secret, enabled or not, on more than one page, without its value", async () => {
    const names = Array.from({ length: 30 }, newName);
    for (const name of names) await vault.setSecret(name, "x");
    const listed = await Array.fromAsync(vault.listPropertiesOfSecrets());
    expect(listed.map(({ name }) => name)).toEqual(expect.arrayContaining(names));
    expect(listed[0]).toMatchObject({ enabled: true, createdOn: now(), name: expect.any(String) });
    expect(JSON.stringify(listed)).not.toContain('"value"');
  });
});

describe.each(vaults)("expiry dates on %s", (_name, vault) => {
  const DayMs = 24 * 3_600_000;
  const expiresOf = async (name: string) => (await vault.getSecret(name)).properties.expiresOn?.getTime();

  test("are kept as written, changed alone, and kept by an update that does not name them", async () => {
    const name = newName();
    const expiresOn = new Date(now().getTime() + DayMs);
    const { properties } = await vault.setSecret(name, "one", { expiresOn });
    await vault.updateSecretProperties(name, properties.version ?? "", { enabled: true });
    expect(await expiresOf(name)).toBe(expiresOn.getTime());
    const later = new Date(now().getTime() + 2 * DayMs);
    await vault.updateSecretProperties(name, properties.version ?? "", { expiresOn: later });
    expect(await expiresOf(name)).toBe(later.getTime());
    await expect(vault.getSecret(name)).resolves.toMatchObject({ value: "one", properties: { enabled: true } });
  });

  // learn.microsoft.com, "About Azure Key Vault secrets": the get operation works outside of nbf and exp.
  test("do not keep a secret from being read when they have passed", async () => {
    const name = newName();
    await vault.setSecret(name, "one", { expiresOn: new Date(now().getTime() - DayMs) });
    await expect(vault.getSecret(name)).resolves.toMatchObject({ value: "one" });
  });

  test("are written, renewed and kept at a disable by a store that has them", async () => {
    const store = createSecretStore(vault, createRetryPolicy(clock), clock, 30);
    const name = await store.put("socmate-a-000000", hashClientSecret("socmate-a-000000", "secret"), createContext());
    const written = now().getTime() + 30 * DayMs;
    expect(await expiresOf(name)).toBe(written);
    await store.renewExpiry({ name, expiresAt: new Date(written) }, createContext());
    expect(await expiresOf(name)).toBe(written);
    clock.skip(16 * DayMs);
    await store.renewExpiry({ name, expiresAt: new Date(written) }, createContext());
    expect(await expiresOf(name)).toBe(now().getTime() + 30 * DayMs);
    await store.disable(name, createContext());
    await expect(store.stateOf(name, createContext())).resolves.toBe("disabled");
    await store.renewExpiry({ name, expiresAt: undefined }, createContext());
  });
});

describe.each(vaults)("the store of secrets on %s", (_name, vault) => {
  const makeStore = () => createSecretStore(vault, createRetryPolicy(clock), clock);
  const clientId = "socmate-a-000000";
  const hash = hashClientSecret(clientId, "secret");

  test("keeps every hash under a new name, of one version, that any instance can read", async () => {
    const names = [
      await makeStore().put(clientId, hash, createContext()),
      await makeStore().put(clientId, hash, createContext()),
    ];
    expect(new Set(names).size).toBe(2);
    for (const name of names) {
      expect(name).toMatch(/^client-secret-[0-9a-f]{32}$/);
      await expect(makeStore().hashOf(name)).resolves.toBe(hash);
    }
  });

  test("disables a hash for every instance that has not seen it, once or twice", async () => {
    const store = makeStore();
    const name = await store.put(clientId, hash, createContext());
    await store.hashOf(name);
    await store.disable(name, createContext());
    await store.disable(name, createContext());
    await expect(makeStore().hashOf(name)).rejects.toThrow(SecretDisabled);
    await expect(store.hashOf(name)).resolves.toBe(hash);
  });

  test("takes a secret that is not there, or is no hash, for a fault", async () => {
    const name = newName();
    await vault.setSecret(name, "x");
    const log = vi.spyOn(console, "error").mockReturnValue();
    for (const wrong of [name, newName()]) await expect(makeStore().hashOf(wrong)).rejects.toThrow(Unavailable);
    expect(log).toHaveBeenCalledTimes(2);
    log.mockRestore();
  });

  test("takes the answer for another secret for a fault, raises an alarm, and caches nothing [check 75]", async () => {
    const other = await makeStore().put(
      "socmate-b-000000",
      hashClientSecret("socmate-b-000000", "other"),
      createContext(),
    );
    const name = await makeStore().put(clientId, hash, createContext());
    let isWrong = true;
    const getSecret: Vault["getSecret"] = (asked, options) => vault.getSecret(isWrong ? other : asked, options);
    const wrong = { getSecret, setSecret: vault.setSecret.bind(vault), updateSecretProperties: vi.fn() };
    const store = createSecretStore(wrong, createRetryPolicy(clock), clock);
    const log = vi.spyOn(console, "error").mockReturnValue();
    await expect(store.hashOf(name)).rejects.toThrow("answer_mismatch: vault get secret");
    expect(log).toHaveBeenCalledWith(expect.stringContaining('"alarm":"answer_mismatch"'));
    log.mockRestore();
    const context = createContext();
    await expect(store.put(clientId, hash, context)).rejects.toThrow(Unavailable);
    await expect(store.stateOf(name, context)).rejects.toThrow(Unavailable);
    await expect(store.disable(name, context)).rejects.toThrow(Unavailable);
    expect(wrong.updateSecretProperties).not.toHaveBeenCalled();
    expect(context.alarms).toEqual(Array(3).fill("answer_mismatch: vault get secret"));
    isWrong = false;
    await expect(store.hashOf(name)).resolves.toBe(hash);
  });

  test("is told by a probe that the vault answers", async () => {
    await expect(makeStore().probe(createContext())).resolves.toBeUndefined();
  });
});
