import { createPublicKey, verify } from "node:crypto";
import type { KeyClient, UpdateKeyPropertiesOptions } from "@azure/keyvault-keys";
import { calculateJwkThumbprint, createLocalJWKSet, jwtVerify } from "jose";
import { describe, expect, test } from "vitest";
import { jwks } from "../../functions/jwks.ts";
import { token } from "../../functions/token.ts";
import type { SigningVault } from "../../shared/signing/signing-key.ts";
import { createClock } from "../fakes/fake-clock.ts";
import { createFakeAzure, createFakeServices } from "../fakes/fake-services.ts";
import {
  createFakeSigningVault,
  type FakeSigningVault,
  SIGNING_KEY_NAME,
  type Validity,
} from "../fakes/fake-signing-vault.ts";
import { askPublic, askToken, tokenForm } from "../functions/invoke.ts";
import { startRealClients } from "./real-clients.ts";

const clock = createClock();
const real = await startRealClients(() => clock.now().getTime());
const fake = createFakeSigningVault(clock.now);

/** A vault, and what its owner does to the key. */
interface VaultUnderTest {
  vault: SigningVault;
  rotate(): Promise<unknown>;
  disableNewest(): Promise<unknown>;
  limitNewest(validity: Validity): Promise<unknown>;
}
const vaults: [string, VaultUnderTest][] = [
  [
    "the fake vault",
    {
      vault: fake,
      rotate: async () => fake.rotate(),
      disableNewest: async () => Object.assign(fake.versions.at(-1) ?? {}, { enabled: false }),
      limitNewest: async (validity) => fake.update(validity),
    },
  ],
  ["the local vault through the SDK", ownedVault(real.signingVault, real.keys)],
  ["the local vault through direct calls", ownedVault(real.directVault, real.keys)],
];

function ownedVault(vault: SigningVault, keys: KeyClient): VaultUnderTest {
  const updateNewest = async (changes: UpdateKeyPropertiesOptions) => {
    const { properties } = await keys.getKey(SIGNING_KEY_NAME);
    return keys.updateKeyProperties(SIGNING_KEY_NAME, properties.version ?? "", changes);
  };
  return {
    vault,
    rotate: () => keys.rotateKey(SIGNING_KEY_NAME),
    disableNewest: () => updateNewest({ enabled: false }),
    limitNewest: updateNewest,
  };
}

function readerOf({ keys }: SigningVault) {
  return {
    versionsOf: () => Array.fromAsync(keys.listPropertiesOfKeyVersions(SIGNING_KEY_NAME)),
    keyOf: (version: string | undefined) => keys.getKey(SIGNING_KEY_NAME, { version: version ?? "" }),
  };
}

describe.each(vaults)("%s", (_name, { vault, rotate, disableNewest }) => {
  const { versionsOf, keyOf } = readerOf(vault);

  test("lists versions with their dates, and signs with exactly the one that it is told", async () => {
    clock.advance(1_000);
    await rotate();
    const versions = await versionsOf();
    expect(versions).toContainEqual(expect.objectContaining({ enabled: true, createdOn: clock.now() }));
    const data = Buffer.from("data");
    for (const { version, enabled } of versions) {
      if (!enabled) continue;
      const key = await keyOf(version);
      expect(key).toMatchObject({ keyType: "RSA", name: SIGNING_KEY_NAME, properties: { version } });
      const { result } = await vault.cryptography(key).signData("RS256", data);
      const { n, e } = key.key ?? {};
      const jwk = { kty: "RSA", n: toBase64url(n), e: toBase64url(e) };
      expect(verify("RSA-SHA256", data, createPublicKey({ key: jwk, format: "jwk" }), result)).toBe(true);
    }
  });

  test("neither shows nor uses a version that is disabled, but lists it", async () => {
    const known = await versionsOf();
    await rotate();
    const made = (await versionsOf()).find(({ version }) => known.every((old) => old.version !== version));
    const key = await keyOf(made?.version);
    await disableNewest();
    await expect(keyOf(made?.version)).rejects.toThrow(expect.objectContaining({ statusCode: 403 }));
    await expect(vault.cryptography(key).signData("RS256", Buffer.from("data"))).rejects.toThrow(
      expect.objectContaining({ statusCode: 403 }),
    );
    expect(await versionsOf()).toContainEqual(expect.objectContaining({ version: made?.version, enabled: false }));
  });

  test("says which key is not there", async () => {
    await expect(vault.keys.getKey("unknown", { version: "" })).rejects.toThrow(
      expect.objectContaining({
        statusCode: 404,
        details: { error: expect.objectContaining({ code: "KeyNotFound" }) },
      }),
    );
  });

  test("signs tokens that verify with the published keys, before, during and after a rotation [check 26] [check 28]", async () => {
    const azure = { ...(await createFakeAzure()), clock, signingVaults: [vault as FakeSigningVault] };
    const services = await createFakeServices(azure);
    const { clientId, clientSecret } = await services.addClient();
    const issue = async () => {
      const { body } = await askToken(token, services, { form: tokenForm(clientId, clientSecret) });
      return (body as { access_token: string }).access_token;
    };
    const publish = async () =>
      (await askPublic(jwks, services)).body as { keys: { kid: string; n: string; e: string; kty: string }[] };
    const verifies = async (accessToken: string) => {
      const { protectedHeader } = await jwtVerify(accessToken, createLocalJWKSet(await publish()), {
        currentDate: clock.now(),
      });
      return protectedHeader.kid;
    };

    // The versions of the tests before this one are days old.
    clock.advance(10 * 86_400_000);
    const before = await issue();
    const oldKid = await verifies(before);
    await rotate();
    clock.advance(20 * 60_000);
    expect(await verifies(before)).toBe(oldKid);
    const { keys: published } = await publish();
    expect(published).toHaveLength(2);
    for (const { kid, kty, n, e } of published) expect(kid).toBe(await calculateJwkThumbprint({ kty, n, e }));
    expect(await verifies(await issue())).toBe(oldKid);
    clock.advance(86_400_000);
    const after = await verifies(await issue());
    expect(after).not.toBe(oldKid);
    clock.advance(86_400_000);
    expect(await verifies(await issue())).toBe(after);
    expect((await publish()).keys).toHaveLength(1);
  });
});

// The SDK's CryptographyClient compares both times with the clock of this machine, and asks no vault.
const withoutSdk = vaults.filter(([name]) => name !== "the local vault through the SDK");

describe.each(withoutSdk)("%s", (_name, { vault, rotate, disableNewest, limitNewest }) => {
  const { versionsOf, keyOf } = readerOf(vault);

  test("signs with a version from its nbf until its exp, and shows and lists it always [check 66]", async () => {
    const known = await versionsOf();
    await rotate();
    const made = (await versionsOf()).find(({ version }) => known.every((old) => old.version !== version));
    const key = await keyOf(made?.version);
    const signs = () =>
      vault
        .cryptography(key)
        .signData("RS256", Buffer.from("data"))
        .then(
          () => 200,
          ({ statusCode }) => statusCode,
        );
    clock.advance(1_000);
    const notBefore = new Date(clock.now().getTime() + 5_000);
    const expiresOn = new Date(clock.now().getTime() + 10_000);
    await limitNewest({ notBefore, expiresOn });
    const attributes = { version: made?.version, enabled: true, notBefore, expiresOn, updatedOn: clock.now() };
    expect(await versionsOf()).toContainEqual(expect.objectContaining(attributes));
    const statuses: number[] = [];
    for (const ms of [0, 4_999, 1, 4_999, 1]) {
      clock.advance(ms);
      statuses.push(await signs());
    }
    expect(statuses).toEqual([403, 403, 200, 200, 403]);
    await expect(keyOf(made?.version)).resolves.toMatchObject({ keyType: "RSA" });
    await disableNewest();
  });
});

describe("a vault that signs with the newest version whatever it is told", () => {
  test("never makes a token that does not verify: 503 and an alarm [check 29]", async () => {
    const services = await createFakeServices();
    const [vault] = services.azure.signingVaults;
    const { clientId, clientSecret } = await services.addClient();
    const ask = () => askToken(token, services, { form: tokenForm(clientId, clientSecret) });
    if (!vault) throw new Error("no vault");
    vault.signsWithNewest = true;
    await expect(ask()).resolves.toMatchObject({ status: 200 });
    services.azure.clock.advance(3_600_000);
    vault.rotate();
    const answer = await ask();
    expect(answer).toMatchObject({ status: 503, body: { error: "temporarily_unavailable" } });
    expect(answer.lines).toContainEqual(expect.objectContaining({ level: "error", alarm: "signature_mismatch" }));
  });
});

describe("of two vaults", () => {
  test("either signs while the other is down, and the keys of both are published [check 43]", async () => {
    const azure = await createFakeAzure();
    azure.signingVaults.push(createFakeSigningVault(azure.clock.now, "https://signing-two.example"));
    const services = await createFakeServices(azure);
    const { clientId, clientSecret } = await services.addClient();
    const { keys: published } = (await askPublic(jwks, services)).body as { keys: { kid: string }[] };
    expect(published).toHaveLength(2);
    for (const down of azure.signingVaults) {
      down.before = ({ name }) => {
        if (name === "signData") throw new Error("down");
      };
      const kids = new Set<string>();
      for (let i = 0; i < 4; i++) {
        const { status, body } = await askToken(token, services, { form: tokenForm(clientId, clientSecret) });
        expect(status).toBe(200);
        const [header = ""] = (body as { access_token: string }).access_token.split(".");
        kids.add(JSON.parse(Buffer.from(header, "base64url").toString()).kid);
      }
      expect(kids.size).toBe(1);
      down.before = () => undefined;
      // The pause of the vault that was down is over.
      azure.clock.advance(1_000);
    }
  });
});

function toBase64url(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString("base64url");
}
