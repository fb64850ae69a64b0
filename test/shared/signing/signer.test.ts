import { calculateJwkThumbprint, createLocalJWKSet, jwtVerify } from "jose";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createRetryPolicy } from "../../../shared/request/retry.ts";
import { accessTokenClaims } from "../../../shared/signing/access-token.ts";
import { keyTimes } from "../../../shared/signing/key-ring.ts";
import { createSigner, type SignedToken, type Signer } from "../../../shared/signing/signer.ts";
import { azureError, connectionReset, vaultError } from "../../fakes/azure-error.ts";
import { createClock, type FakeClock } from "../../fakes/fake-clock.ts";
import { createContext } from "../../fakes/fake-context.ts";
import { createFakeSigningVault, type FakeSigningVault, SIGNING_KEY_NAME } from "../../fakes/fake-signing-vault.ts";
import { failing } from "../../fakes/hooks.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

let clock: FakeClock;
let log: ReturnType<typeof vi.spyOn>;
beforeEach(() => {
  clock = createClock();
  log = vi.spyOn(console, "error").mockReturnValue();
});
afterEach(() => void vi.restoreAllMocks());

function createInstance(...vaults: FakeSigningVault[]): Signer {
  const times = keyTimes(86_400, 3_600);
  return createSigner({ vaults, keyName: SIGNING_KEY_NAME, times, retry: createRetryPolicy(clock), clock });
}

/** Vaults whose first keys are all older than the lead. */
function createVaults(count: number): FakeSigningVault[] {
  const vaults = Array.from({ length: count }, (_, i) =>
    createFakeSigningVault(clock.now, `https://signing-${i}.example`),
  );
  clock.advance(2 * DAY);
  return vaults;
}

function vaultAt(vaults: readonly FakeSigningVault[], index: number): FakeSigningVault {
  const vault = vaults[index];
  if (!vault) throw new Error(`There is no vault ${index}.`);
  return vault;
}

function issue(signer: Signer, { clientId = "socmate-test-abc123", call = createContext() } = {}) {
  const grant = { clientId, scopes: ["incidents:read"] as const, issuedAt: clock.now(), lifetimeSeconds: 1800 };
  const claims = accessTokenClaims({ issuer: "https://auth.example", audience: "https://api.example", ...grant });
  return signer.accessToken(claims, call);
}

async function verify(signer: Signer, accessToken: string) {
  const { keys } = await signer.jwks();
  return jwtVerify(accessToken, createLocalJWKSet({ keys }), { algorithms: ["RS256"], currentDate: clock.now() });
}

const signaturesOf = (vault: FakeSigningVault) => vault.operations.filter(({ name }) => name === "signData").length;

async function signaturesAfterOneMore(signer: Signer, vault: FakeSigningVault): Promise<number> {
  await issue(signer);
  return signaturesOf(vault);
}

describe("a signer with one vault", () => {
  test("signs with one call, naming the version, and the token verifies with the keys that it publishes [check 22]", async () => {
    const vault = createFakeSigningVault(clock.now);
    const signer = createInstance(vault);
    const { accessToken, kid } = await issue(signer);
    const { protectedHeader } = await verify(signer, accessToken);
    expect(protectedHeader).toEqual({ alg: "RS256", typ: "at+jwt", kid });
    expect(signer.signsWith(kid)).toBe(true);
    await issue(signer);
    expect(vault.operations.map(({ name, target }) => [name, target])).toEqual([
      ["listPropertiesOfKeyVersions", ""],
      ["getKey", vault.versions[0]?.version],
      ["signData", vault.versions[0]?.version],
      ["signData", vault.versions[0]?.version],
    ]);
  });

  test("publishes public members alone, under their thumbprints, for five minutes [check 26]", async () => {
    const vault = createFakeSigningVault(clock.now);
    vault.rotate();
    const { keys, maxAgeSeconds } = await createInstance(vault).jwks();
    expect(maxAgeSeconds).toBe(300);
    expect(keys).toHaveLength(2);
    for (const key of keys) {
      expect(Object.keys(key)).toEqual(["kty", "use", "alg", "kid", "n", "e"]);
      expect(key.kid).toBe(await calculateJwkThumbprint(key));
    }
    expect(new Set(keys.map(({ kid }) => kid)).size).toBe(2);
  });

  test("goes through a rotation: publishes, signs a lead later, retires, forgets [check 28]", async () => {
    const vault = createFakeSigningVault(clock.now);
    const signer = createInstance(vault);
    clock.advance(100 * HOUR);
    const first = await issue(signer);
    vault.rotate();
    clock.advance(5 * 60_000);
    expect((await signer.jwks()).keys).toHaveLength(2);
    clock.advance(DAY - 5 * 60_000 - 1);
    expect((await issue(signer)).kid).toBe(first.kid);
    clock.advance(1);
    const second = await issue(signer);
    expect(second.kid).not.toBe(first.kid);
    expect(signer.signsWith(first.kid)).toBe(false);
    clock.advance(3 * HOUR - 1);
    expect((await signer.jwks()).keys.map(({ kid }) => kid)).toEqual([second.kid, first.kid]);
    clock.advance(1);
    expect((await signer.jwks()).keys.map(({ kid }) => kid)).toEqual([second.kid]);
  });

  test("reads all pages of versions, and the keys of those alone that have not expired [check 28]", async () => {
    const vault = createFakeSigningVault(clock.now);
    for (let count = 0; count < 60; count++) {
      clock.advance(30 * DAY);
      vault.rotate();
    }
    const signer = createInstance(vault);
    await expect(signer.jwks()).resolves.toMatchObject({ keys: { length: 2 } });
    const { accessToken } = await issue(signer);
    await verify(signer, accessToken);
    const asked = vault.operations.map(({ name }) => name);
    expect(asked.filter((name) => name === "listPropertiesOfKeyVersions")).toHaveLength(3);
    expect(asked.filter((name) => name === "getKey")).toHaveLength(2);
    expect(vault.operations.at(-1)?.target).toBe(vault.versions.at(-2)?.version);
  });

  test("never gives out a token that the vault signed with another version than it was told to [check 29]", async () => {
    const vault = createFakeSigningVault(clock.now);
    clock.advance(HOUR);
    vault.rotate();
    vault.signsWithNewest = true;
    const call = createContext();
    await expect(issue(createInstance(vault), { call })).rejects.toMatchObject({ name: "Unavailable" });
    expect(call.alarms).toEqual(["signature_mismatch: signature does not verify with the published key"]);
    expect(signaturesOf(vault)).toBe(1);
  });

  test.for([
    ["a broken connection", connectionReset],
    ["500", () => azureError(500)],
    ["429 with a short Retry-After", () => azureError(429, { "retry-after-ms": "20" })],
  ] as const)("tries once more after %s", async ([, error]) => {
    const vault = createFakeSigningVault(clock.now);
    const signer = createInstance(vault);
    await signer.jwks();
    vault.before = failing("signData", error, 1);
    const { accessToken } = await inTime(issue(signer));
    await verify(signer, accessToken);
    expect(signaturesOf(vault)).toBe(2);
  });

  test("gives up after two tries [check 43]", async () => {
    const vault = createFakeSigningVault(clock.now);
    vault.before = failing("signData", connectionReset);
    await expect(issue(createInstance(vault))).rejects.toMatchObject({ name: "Unavailable", retryAfterSeconds: 2 });
    expect(signaturesOf(vault)).toBe(2);
  });

  test("that is out of quota says so early, with the vault's own Retry-After, and asks nothing until then [check 21]", async () => {
    const vault = createFakeSigningVault(clock.now);
    const signer = createInstance(vault);
    vault.before = failing("signData", () => azureError(429, { "retry-after": "9" }));
    await expect(issue(signer)).rejects.toMatchObject({ name: "Unavailable", retryAfterSeconds: 9 });
    await expect(issue(signer)).rejects.toMatchObject({ name: "Unavailable", retryAfterSeconds: 9 });
    expect(signaturesOf(vault)).toBe(1);
  });

  test("keeps signing through an outage of the list, for a day [check 28]", async () => {
    const vault = createFakeSigningVault(clock.now);
    const signer = createInstance(vault);
    await issue(signer);
    vault.before = failing("listPropertiesOfKeyVersions", connectionReset);
    clock.advance(DAY - 361_000);
    await issue(signer);
    await expect(signer.jwks()).resolves.toMatchObject({ keys: { length: 1 } });
    clock.advance(1);
    await expect(issue(signer)).rejects.toMatchObject({ name: "Unavailable" });
    await expect(signer.jwks()).rejects.toMatchObject({ name: "Unavailable" });
    vault.before = () => undefined;
    clock.advance(10_000);
    await issue(signer);
  });

  test("leaves out a version that cannot sign tokens, and says so", async () => {
    const vault = createFakeSigningVault(clock.now);
    const { getKey } = vault.keys;
    clock.advance(100 * HOUR);
    const odd = vault.rotate();
    vault.keys.getKey = async (name, options) => {
      const key = await getKey(name, options);
      return options?.version === odd.version ? { ...key, keyType: "EC" } : key;
    };
    clock.advance(2 * DAY);
    const signer = createInstance(vault);
    await issue(signer);
    await expect(signer.jwks()).resolves.toMatchObject({ keys: { length: 1 } });
    expect(log.mock.lastCall?.[0]).toContain('"alarm":"key_unusable"');
  });
});

test("a key that has not been renewed for half a year raises an alarm, and signs on", async () => {
  const vault = createFakeSigningVault(clock.now);
  const signer = createInstance(vault);
  clock.advance(180 * DAY);
  await issue(signer);
  expect(log).not.toHaveBeenCalled();
  clock.advance(DAY);
  await issue(signer);
  expect(log.mock.lastCall?.[0]).toContain('"alarm":"signing_key_old"');
});

describe("when a version is disabled", () => {
  test("the key set lacks it within the refresh time, five minutes", async () => {
    const vault = createFakeSigningVault(clock.now);
    const signer = createInstance(vault);
    const compromised = vault.versions[0];
    const { keys: before } = await signer.jwks();
    vault.rotate();
    if (compromised) compromised.enabled = false;
    clock.advance(5 * 60_000 + 1);
    const { keys: after } = await signer.jwks();
    expect(after).toHaveLength(1);
    expect(after).not.toEqual(before);
  });

  test("the key that was made to replace it signs immediately, without one failed request", async () => {
    const vault = createFakeSigningVault(clock.now);
    const signer = createInstance(vault);
    const compromised = vault.versions[0];
    const { kid } = await issue(signer);
    clock.advance(5_000);
    vault.rotate();
    if (compromised) compromised.enabled = false;
    const { accessToken, kid: newKid } = await issue(signer);
    expect(newKid).not.toBe(kid);
    await verify(signer, accessToken);
  });

  test("and there is no other, tokens get 503 until there is one, and then immediately", async () => {
    const vault = createFakeSigningVault(clock.now);
    const signer = createInstance(vault);
    await issue(signer);
    clock.advance(5_000);
    for (const version of vault.versions) version.enabled = false;
    await expect(issue(signer)).rejects.toMatchObject({ name: "Unavailable" });
    vault.rotate();
    clock.advance(1_000);
    // The request that finds that there is a key again has it listed.
    await issue(signer);
  });
});

describe("when a version ends, or is to begin, by the clock of its vault [check 66]", () => {
  /** Makes a vault whose clock differs from that of the instance. */
  const createVault = (aheadSeconds = 0, url?: string) =>
    createFakeSigningVault(() => new Date(clock.now().getTime() + aheadSeconds * 1_000), url);
  const inSeconds = (seconds: number) => new Date(clock.now().getTime() + seconds * 1_000);
  const alarms = () => log.mock.calls.map(([line]: unknown[]) => JSON.parse(String(line)).alarm);

  test("and no other can sign, tokens get 503 from that second on, and an alarm tells which version expired", async () => {
    const vault = createVault();
    vault.update({ expiresOn: inSeconds(1) });
    const signer = createInstance(vault);
    const call = createContext();
    await issue(signer, { call });
    clock.advance(1_000);
    for (let count = 0; count < 3; count++) {
      await expect(issue(signer, { call })).rejects.toMatchObject({ reason: "no_active_signing_key" });
      clock.advance(2_000);
    }
    expect(call.alarms).toEqual([]);
    expect(alarms()).toEqual(["signing_key_expires", "signing_key_expired"]);
    expect(log.mock.lastCall?.[0]).toContain(`version ${vault.versions[0]?.version} of the signing key`);
  });

  test("a version that is made after that signs immediately, and the live tokens verify for their whole life", async () => {
    const vault = createVault();
    vault.update({ expiresOn: inSeconds(5) });
    const signer = createInstance(vault);
    const { accessToken, kid } = await issue(signer);
    clock.advance(10_000);
    await expect(issue(signer)).rejects.toMatchObject({ name: "Unavailable" });
    vault.rotate();
    clock.advance(1_000);
    const after = await issue(signer);
    expect(after.kid).not.toBe(kid);
    for (const token of [accessToken, after.accessToken]) await verify(signer, token);
    clock.advance(30 * 60_000 - 12_000);
    await verify(signer, accessToken);
  });

  test("it is published for its live tokens, though the expiry was set to a time before them", async () => {
    const vault = createVault();
    const signer = createInstance(vault);
    clock.advance(HOUR);
    const { accessToken } = await issue(signer);
    vault.update({ expiresOn: inSeconds(-HOUR / 2_000) });
    clock.advance(5_000);
    const call = createContext();
    await expect(issue(signer, { call })).rejects.toMatchObject({ reason: "no_active_signing_key" });
    expect(call.alarms).toEqual([]);
    await verify(signer, accessToken);
    clock.advance(30 * 60_000 - 6_000);
    await verify(signer, accessToken);
  });

  /** Expects 20 concurrent requests to meet a refusal, and all of them and the next one to be signed by one version of the vault. */
  const expectHandOver = async (vault: FakeSigningVault, index: number, beforehand = () => {}) => {
    const signer = createInstance(vault);
    await signer.jwks();
    beforehand();
    const call = createContext();
    const tokens = await Promise.all(Array.from({ length: 20 }, () => issue(signer, { call })));
    await issue(signer, { call });
    for (const { accessToken } of tokens) await verify(signer, accessToken);
    const signed = vault.operations.filter(({ name }) => name === "signData").map(({ target }) => target);
    const refused = signed.length - 21;
    expect(refused).toBeGreaterThan(0);
    expect(signed.slice(refused)).toEqual(Array(21).fill(vault.versions[index]?.version));
    expect([...call.alarms, ...alarms()]).not.toContainEqual(expect.stringContaining("azure_refused"));
  };

  test("requests that its vault refuses before its end are signed by the next version, whose lead is not over", async () => {
    const vault = createVault(30);
    vault.update({ expiresOn: inSeconds(7_200) });
    clock.advance(HOUR);
    vault.rotate();
    clock.advance(HOUR - 20_000);
    await expectHandOver(vault, 1);
  });

  test("requests that its vault refuses before its end are signed by the version before it", async () => {
    const vault = createVault(30);
    clock.advance(HOUR);
    vault.rotate({ expiresOn: inSeconds(2 * 86_400) });
    clock.advance(2 * DAY - 20_000);
    await expectHandOver(vault, 0);
  });

  test("requests that its vault refuses after its nbf are signed by the version before it", async () => {
    const vault = createVault(-30);
    clock.advance(HOUR);
    vault.rotate({ notBefore: inSeconds(2 * 86_400) });
    clock.advance(2 * DAY + 20_000);
    await expectHandOver(vault, 0);
  });

  test("requests that meet a version whose expiry was moved to the past are signed by the version before it", async () => {
    const vault = createVault();
    clock.advance(HOUR);
    vault.rotate();
    clock.advance(2 * DAY);
    await expectHandOver(vault, 0, () => {
      clock.advance(5_000);
      vault.update({ expiresOn: inSeconds(-3_600) });
    });
  });

  test("a version that its vault still refuses within the clock difference is tried again at most once a second", async () => {
    const vault = createVault(30);
    vault.update({ expiresOn: inSeconds(3_600) });
    const signer = createInstance(vault);
    await issue(signer);
    clock.advance(HOUR - 30_000);
    for (let count = 0; count < 100; count++) {
      await expect(issue(signer)).rejects.toMatchObject({ reason: "no_active_signing_key" });
      clock.advance(100);
    }
    expect(signaturesOf(vault)).toBeLessThan(15);
  });

  test("another vault signs, and a new version of this one keeps its lead", async () => {
    const [one, two] = [createVault(), createVault(0, "https://signing-two.example")];
    one.update({ expiresOn: inSeconds(3 * 86_400) });
    clock.advance(3 * DAY - HOUR);
    one.rotate();
    const signer = createInstance(one, two);
    await signer.jwks();
    clock.advance(HOUR);
    const kids = new Set<string>();
    for (let count = 0; count < 10; count++) kids.add((await issue(signer)).kid);
    expect(kids.size).toBe(1);
    expect(signaturesOf(two)).toBe(10);
    await expect(signer.jwks()).resolves.toMatchObject({ keys: { length: 3 } });
  });
});

test("a refusal that no version explains is an alarm, and no other version of the vault is tried", async () => {
  const vault = createFakeSigningVault(clock.now);
  clock.advance(HOUR);
  vault.rotate();
  const signer = createInstance(vault);
  await signer.jwks();
  vault.before = failing("signData", () => vaultError(403, "Forbidden"));
  const call = createContext();
  await expect(issue(signer, { call })).rejects.toMatchObject({ reason: "azure_refused" });
  expect(call.alarms[0]).toMatch(/^azure_refused: /);
  const signed = vault.operations.filter(({ name }) => name === "signData").map(({ target }) => target);
  expect(new Set(signed)).toEqual(new Set([vault.versions[0]?.version]));
});

describe("a signer with several vaults", () => {
  test("publishes the keys of all, and spreads its signatures over them", async () => {
    const vaults = createVaults(3);
    const signer = createInstance(...vaults);
    await signer.jwks();
    const tokens = await Promise.all(Array.from({ length: 30 }, () => issue(signer)));
    await expect(signer.jwks()).resolves.toMatchObject({ keys: { length: 3 }, maxAgeSeconds: 300 });
    for (const { accessToken } of tokens) await verify(signer, accessToken);
    expect(vaults.map(signaturesOf)).toEqual([10, 10, 10]);
  });

  test.for([
    ["throttles", () => azureError(429)],
    ["throttles for long", () => azureError(429, { "retry-after": "30" })],
    ["fails", () => azureError(500)],
    ["breaks connections", connectionReset],
    ["refuses our identity", () => vaultError(403, "Forbidden")],
  ] as const)("takes the next vault immediately if one %s [check 43]", async ([, error]) => {
    const vaults = createVaults(2);
    const signer = createInstance(...vaults);
    await signer.jwks();
    vaultAt(vaults, 0).before = failing("signData", error);
    const tokens: SignedToken[] = [];
    for (let count = 0; count < 10; count++) tokens.push(await issue(signer));
    for (const { accessToken } of tokens) await verify(signer, accessToken);
    expect(signaturesOf(vaultAt(vaults, 1))).toBe(10);
    expect(signaturesOf(vaultAt(vaults, 0))).toBeLessThan(10);
  });

  test("takes the next one where one does not answer [check 43]", async () => {
    const vaults = createVaults(2);
    const signer = createInstance(...vaults);
    await signer.jwks();
    // A vault that does not answer is given up after two seconds.
    vaultAt(vaults, 0).before = ({ name }) => {
      if (name !== "signData") return undefined;
      setImmediate(clock.advance, 2_000);
      return new Promise(() => {});
    };
    for (let count = 0; count < 6; count++) await issue(signer);
    expect(signaturesOf(vaultAt(vaults, 1))).toBe(6);
    expect(signaturesOf(vaultAt(vaults, 0))).toBe(3);
  });

  test("comes back to a vault by itself", async () => {
    const vaults = createVaults(2);
    const signer = createInstance(...vaults);
    await signer.jwks();
    vaultAt(vaults, 0).before = failing("signData", () => azureError(429, { "retry-after-ms": "150" }), 1);
    for (let count = 0; count < 4; count++) await issue(signer);
    expect(signaturesOf(vaultAt(vaults, 0))).toBe(1);
    clock.advance(150);
    await Promise.all([issue(signer), issue(signer)]);
    expect(signaturesOf(vaultAt(vaults, 0))).toBe(2);
  });

  test("leaves out a vault that cannot be listed, until it can", async () => {
    const vaults = createVaults(2);
    const signer = createInstance(...vaults);
    await signer.jwks();
    vaultAt(vaults, 0).before = connectionResets;
    clock.advance(6 * 60_000);
    await signer.jwks();
    for (let count = 0; count < 6; count++) await issue(signer);
    expect(signaturesOf(vaultAt(vaults, 0))).toBe(0);
    await expect(signer.jwks()).resolves.toMatchObject({ keys: { length: 2 }, maxAgeSeconds: 300 });

    vaultAt(vaults, 0).before = () => undefined;
    clock.advance(10_000);
    await expect.poll(() => signaturesAfterOneMore(signer, vaultAt(vaults, 0))).toBeGreaterThan(0);
  });

  test("that starts while one of them is out of reach signs with the other; its key set is not to be kept [check 43]", async () => {
    const vaults = createVaults(2);
    vaultAt(vaults, 0).before = connectionResets;
    const signer = createInstance(...vaults);
    const { accessToken } = await issue(signer);
    await verify(signer, accessToken);
    await expect(signer.jwks()).resolves.toMatchObject({ keys: { length: 1 }, maxAgeSeconds: 0 });
    vaultAt(vaults, 0).before = () => undefined;
    clock.advance(10_000);
    await expect.poll(() => signer.jwks()).toMatchObject({ keys: { length: 2 }, maxAgeSeconds: 300 });
  });

  test("that starts while one of them hangs does not wait for it to sign", async () => {
    const vaults = createVaults(2);
    vaultAt(vaults, 0).before = () => new Promise(() => {});
    const { accessToken } = await issue(createInstance(...vaults));
    expect(accessToken).toBeTruthy();
  });

  test("never signs with the key of a new vault before its lead, though the old one is out of reach [check 28]", async () => {
    const old = createVaults(1);
    const added = createFakeSigningVault(clock.now, "https://signing-new.example");
    vaultAt(old, 0).before = connectionResets;
    const signer = createInstance(...old, added);
    await expect(issue(signer)).rejects.toMatchObject({ name: "Unavailable" });
    clock.advance(DAY);
    await issue(signer);
  });

  test("says so early when all are out of quota, with the time until the first is back [check 21]", async () => {
    const vaults = createVaults(2);
    const signer = createInstance(...vaults);
    await signer.jwks();
    vaultAt(vaults, 0).before = failing("signData", () => azureError(429, { "retry-after": "40" }));
    vaultAt(vaults, 1).before = failing("signData", () => azureError(429, { "retry-after": "12" }));
    await expect(issue(signer)).rejects.toMatchObject({ name: "Unavailable" });
    await expect(issue(signer)).rejects.toMatchObject({ name: "Unavailable", retryAfterSeconds: 12 });
    expect(vaults.map(signaturesOf)).toEqual([1, 1]);
  });
});

test("a request that a vault throttles waits for the end of the pause, and fails only when its wait is over", async () => {
  const vault = createFakeSigningVault(clock.now);
  const signer = createInstance(vault);
  await signer.jwks();
  vault.before = failing("signData", () => azureError(429), 3);
  await inTime(issue(signer));
  expect(signaturesOf(vault)).toBe(4);
  vault.before = failing("signData", () => azureError(429));
  await expect(inTime(issue(signer))).rejects.toMatchObject({ name: "Unavailable", reason: "signing_vaults_busy" });
});

describe("the report on the vaults", () => {
  test("says when the key expires, and when it has, and never calls a vault unreachable for that [check 66]", async () => {
    const vault = createFakeSigningVault(() => new Date(clock.now().getTime() + 30_000));
    const expiresOn = new Date(clock.now().getTime() + HOUR);
    vault.update({ expiresOn });
    const signer = createInstance(vault);
    const active = { expiresAt: expiresOn.getTime() };
    const report = async () => (await signer.report(createContext()))[0];
    await expect(report()).resolves.toMatchObject({ signs: true, active, expiredAt: undefined });
    clock.advance(HOUR - 20_000);
    await expect(report()).resolves.toMatchObject({ reachable: true, signs: false, active: undefined });
    clock.advance(2 * 60_000);
    const ended = { reachable: true, signs: false, active: undefined, expiredAt: active.expiresAt, published: 1 };
    await expect(report()).resolves.toMatchObject(ended);
    vault.rotate();
    clock.advance(6 * 60_000);
    await expect(report()).resolves.toMatchObject({ signs: true, expiredAt: undefined, published: 2 });
  });

  test("says what each signs with since when, what comes next and when, and how many keys are published", async () => {
    const vaults = createVaults(2);
    vaultAt(vaults, 1).rotate();
    const signer = createInstance(...vaults);
    const reports = await signer.report(createContext());
    const created = Date.parse("2026-03-27T00:00:00Z");
    expect(reports).toEqual([
      { reachable: true, signs: true, active: expect.any(Object), next: undefined, expiredAt: undefined, published: 1 },
      {
        reachable: true,
        signs: true,
        active: { kid: expect.any(String), since: expect.any(Number), expiresAt: Number.POSITIVE_INFINITY },
        next: { kid: expect.any(String), activeFrom: created + 3 * DAY },
        expiredAt: undefined,
        published: 2,
      },
    ]);
    // Of the keys that are equally old, none needed a lead.
    expect(reports.map(({ active }) => active?.since)).toEqual([created, created]);
  });

  test.for([
    ["is out of quota", () => azureError(429), { reachable: true, signs: false }],
    ["fails", () => azureError(500), { reachable: false, signs: false }],
    ["refuses our identity", () => vaultError(403, "Forbidden"), { reachable: false, signs: false }],
  ] as const)("says that a vault %s", async ([, error, expected]) => {
    const vaults = createVaults(2);
    vaultAt(vaults, 0).before = failing("signData", error);
    const [first, second] = await createInstance(...vaults).report(createContext());
    expect(first).toMatchObject(expected);
    expect(second).toMatchObject({ reachable: true, signs: true });
  });

  test("says that a vault without an active key is reachable where it can be listed", async () => {
    const vaults = createVaults(1);
    const added = createFakeSigningVault(clock.now, "https://signing-new.example");
    const reports = await createInstance(...vaults, added).report(createContext());
    expect(reports[1]).toMatchObject({ reachable: true, signs: false, active: undefined, published: 1 });
  });
});

/** Moves the clock on until the work is done. */
async function inTime<T>(work: Promise<T>): Promise<T> {
  let isDone = false;
  const end = () => {
    isDone = true;
  };
  work.then(end, end);
  while (!isDone) {
    await new Promise(setImmediate);
    clock.advance(10);
  }
  return work;
}

function connectionResets(): never {
  throw connectionReset();
}
