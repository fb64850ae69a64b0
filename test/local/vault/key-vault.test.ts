import { createHash, randomBytes } from "node:crypto";
import { appendFile, mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AccessToken, TokenCredential } from "@azure/identity";
import { CryptographyClient, KeyClient } from "@azure/keyvault-keys";
import { SecretClient } from "@azure/keyvault-secrets";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Certificate, loopbackCertificate, trustCertificate } from "../../../local/azure/certificate.ts";
import { type Identity, startIdentity } from "../../../local/azure/identity.ts";
import { type KeyVault, startKeyVault } from "../../../local/vault/key-vault.ts";

const API_VERSION = "api-version=7.5";
const CREATED_AT = Date.parse("2026-03-27T10:30:00Z");

let dir: string;
let certificate: Certificate;
let identity: Identity;
let vault: KeyVault;
let secrets: SecretClient;
let keys: KeyClient;
const clock = { now: CREATED_AT };

const credential: TokenCredential = {
  getToken: async (): Promise<AccessToken> => ({
    token: identity.token("https://vault.azure.net"),
    expiresOnTimestamp: Date.now() + 3_600_000,
  }),
};
const options = { disableChallengeResourceVerification: true, retryOptions: { maxRetries: 0 } };
const sha256 = (text: string) => createHash("sha256").update(text).digest();

async function startVault(folder?: string): Promise<KeyVault> {
  return startKeyVault({ certificate, identity, dir: folder, clock: () => clock.now });
}

/** Sends a request that the SDKs would not send. */
function call(method: string, path: string, body?: object, token = identity.token("https://vault.azure.net")) {
  return fetch(`${vault.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    ...(body && { body: JSON.stringify(body) }),
  });
}

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "socmate-test-"));
  certificate = await loopbackCertificate(dir);
  trustCertificate(certificate);
  identity = await startIdentity();
  vault = await startVault();
  secrets = new SecretClient(vault.url, credential, options);
  keys = new KeyClient(vault.url, credential, options);
});

afterAll(async () => {
  await vault.close();
  await identity.close();
  await rm(dir, { recursive: true });
});

describe("a vault secret", () => {
  test("is read back by its name and by its version", async () => {
    const written = await secrets.setSecret("plain", "one", { tags: { client: "a" } });
    const second = await secrets.setSecret("plain", "two");
    const version = written.properties.version ?? "";
    expect(version).toMatch(/^[0-9a-f]{32}$/);
    expect((await secrets.getSecret("plain")).value).toBe("two");
    const { value, properties } = await secrets.getSecret("plain", { version });
    expect({ value, version: properties.version, tags: properties.tags }).toEqual({
      value: "one",
      version,
      tags: { client: "a" },
    });
    expect(properties.createdOn).toEqual(new Date(CREATED_AT));
    expect(second.properties.version).not.toBe(version);
  });

  test("is found by its name in any case", async () => {
    await secrets.setSecret("Case", "one");
    expect((await secrets.getSecret("cASE")).value).toBe("one");
  });

  test("cannot be read while it is disabled", async () => {
    const { properties } = await secrets.setSecret("switched", "one");
    await secrets.updateSecretProperties("switched", properties.version ?? "", { enabled: false });
    await expect(secrets.getSecret("switched")).rejects.toMatchObject({
      statusCode: 403,
      code: "Forbidden",
      details: { error: { innerError: { code: "SecretDisabled" } } },
    });
    await secrets.updateSecretProperties("switched", properties.version ?? "", { enabled: true });
    expect((await secrets.getSecret("switched")).value).toBe("one");
  });

  test("answers 404 when its name or version is unknown", async () => {
    await expect(secrets.getSecret("unknown")).rejects.toMatchObject({ statusCode: 404, code: "SecretNotFound" });
    await secrets.setSecret("known", "one");
    const unknown = secrets.getSecret("known", { version: "0".repeat(32) });
    await expect(unknown).rejects.toMatchObject({ statusCode: 404, code: "SecretNotFound" });
  });

  test.each(["..", ".", "a_b", "a/b", "%2e%2e", "ä", " ", "x".repeat(128)])(
    "cannot be read by the name %j",
    async (name) => {
      await expect(secrets.getSecret(name)).rejects.toThrow();
    },
  );

  test("is refused without a value, and with one over 25,600 characters", async () => {
    await expect(secrets.setSecret("long", "x".repeat(25_601))).rejects.toMatchObject({ code: "BadParameter" });
    expect((await call("PUT", `/secrets/long?${API_VERSION}`, {})).status).toBe(400);
  });

  test("is listed without its value, in pages of 25 that link to the host of the request", async () => {
    const own = await startVault();
    try {
      const client = new SecretClient(own.url, credential, options);
      for (let index = 0; index < 60; index++) await client.setSecret(`listed-${index}`, "hidden");
      const pages = await collect(client.listPropertiesOfSecrets().byPage());
      expect(pages.map((page) => page.length)).toEqual([25, 25, 10]);
      expect(new Set(pages.flat().map(({ name }) => name)).size).toBe(60);
      const first = await fetch(`${own.url.replace("127.0.0.1", "localhost")}/secrets?${API_VERSION}&maxresults=2`, {
        headers: { authorization: `Bearer ${identity.token("https://vault.azure.net")}` },
      });
      const text = await first.text();
      expect(text).not.toContain("hidden");
      expect(JSON.parse(text).nextLink).toMatch(/^https:\/\/localhost:\d+\/secrets\?/);
    } finally {
      await own.close();
    }
  });
});

describe("a vault key", () => {
  test("signs with the version in the request, and its public key verifies", async () => {
    const key = await keys.createRsaKey("signing", { keySize: 2048 });
    await keys.rotateKey("signing");
    const signer = new CryptographyClient(key, credential, options);
    const { result, keyID } = await signer.sign("RS256", sha256("data"));
    expect(keyID).toBe(key.id);
    expect((await signer.verifyData("RS256", Buffer.from("data"), result)).result).toBe(true);
  });

  test("signs with its newest version, whose id it returns, when the request has none", async () => {
    await keys.createRsaKey("rotated");
    const newest = await keys.rotateKey("rotated");
    const body = { alg: "RS256", value: sha256("data").toString("base64url") };
    const answer = await call("POST", `/keys/rotated/sign?${API_VERSION}`, body);
    const { kid, value } = (await answer.json()) as { kid: string; value: string };
    expect(kid).toBe(newest.id);
    const verifier = new CryptographyClient(newest, credential, options);
    const { result } = await verifier.verifyData("RS256", Buffer.from("data"), Buffer.from(value, "base64url"));
    expect(result).toBe(true);
  });

  test("signs 50 digests concurrently", async () => {
    const key = await keys.createRsaKey("busy");
    const signer = new CryptographyClient(key, credential, options);
    const data = Array.from({ length: 50 }, () => randomBytes(32));
    const signatures = await Promise.all(data.map((each) => signer.signData("RS256", each)));
    const verified = await Promise.all(
      signatures.map(({ result }, index) => signer.verifyData("RS256", data[index] ?? Buffer.alloc(0), result)),
    );
    expect(verified.every(({ result }) => result)).toBe(true);
  });

  test("lists its versions in pages, each dated by the vault's clock", async () => {
    const created: string[] = [];
    for (let index = 0; index < 5; index++) {
      clock.now = CREATED_AT + index * 60_000;
      const { properties } = index === 0 ? await keys.createRsaKey("paged") : await keys.rotateKey("paged");
      created.push(properties.version ?? "");
    }
    clock.now = CREATED_AT;
    const pages = await collect(keys.listPropertiesOfKeyVersions("paged").byPage({ maxPageSize: 2 }));
    expect(pages.map((page) => page.length)).toEqual([2, 2, 1]);
    const byAge = pages.flat().sort((a, b) => Number(a.createdOn) - Number(b.createdOn));
    expect(byAge.map(({ version }) => version)).toEqual(created);
  });

  test("refuses to sign with a version that is disabled, before its nbf, or after its exp", async () => {
    await keys.createRsaKey("off", { enabled: false });
    await keys.createRsaKey("young", { notBefore: new Date(CREATED_AT + 1000) });
    await keys.createRsaKey("old", { expiresOn: new Date(CREATED_AT) });
    const body = { alg: "RS256", value: sha256("data").toString("base64url") };
    for (const [name, code] of Object.entries({ off: "KeyDisabled", young: "KeyNotYetValid", old: "KeyExpired" })) {
      const answer = await call("POST", `/keys/${name}/sign?${API_VERSION}`, body);
      expect(answer.status).toBe(403);
      expect(await answer.json()).toMatchObject({ error: { code: "Forbidden", innererror: { code } } });
    }
    await expect(keys.getKey("off")).rejects.toMatchObject({ statusCode: 403 });
  });

  test("answers 404 when its name is unknown", async () => {
    await expect(keys.getKey("unknown")).rejects.toMatchObject({ statusCode: 404, code: "KeyNotFound" });
  });

  test.each([
    { alg: "RS512", value: sha256("data").toString("base64url") },
    { alg: "RS256", value: "c2hvcnQ" },
    { alg: "RS256" },
  ])("refuses the malformed sign request %j", async (body) => {
    await vault.ensureKey("strict");
    const answer = await call("POST", `/keys/strict/sign?${API_VERSION}`, body);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ error: { code: "BadParameter" } });
  });
});

describe("a vault", () => {
  test("answers a request without a token with the authentication challenge", async () => {
    const answer = await fetch(`${vault.url}/secrets/plain?${API_VERSION}`);
    expect(answer.status).toBe(401);
    expect(answer.headers.get("www-authenticate")).toMatch(
      /^Bearer authorization="https:\/\/login\.microsoftonline\.com\/[0-9a-f-]{36}", resource="https:\/\/vault\.azure\.net"$/,
    );
  });

  test("refuses a token for another resource, and one with a foreign signature", async () => {
    const forAnother = identity.token("https://storage.azure.com");
    const stranger = await startIdentity();
    const forged = stranger.token("https://vault.azure.net");
    await stranger.close();
    for (const token of [forAnother, forged, "x.y.z", "x"]) {
      expect((await call("GET", `/secrets/plain?${API_VERSION}`, undefined, token)).status).toBe(401);
    }
  });

  test("restores its data from the journal after a restart, and drops an unfinished line", async () => {
    const folder = join(dir, "kept");
    const first = await startVault(folder);
    const client = new SecretClient(first.url, credential, options);
    const { properties } = await client.setSecret("kept", "one");
    await client.setSecret("kept", "two");
    await client.updateSecretProperties("kept", properties.version ?? "", { enabled: false });
    await first.ensureKey("kept");
    const key = await new KeyClient(first.url, credential, options).getKey("kept");
    await first.close();
    const journal = join(folder, "journal.jsonl");
    expect((await stat(journal)).mode & 0o077).toBe(0);
    await appendFile(journal, '{"kind":"secret","name":"half","version":{"vers');

    for (const _restart of [1, 2]) {
      const second = await startVault(folder);
      const again = new SecretClient(second.url, credential, options);
      expect((await again.getSecret("kept")).value).toBe("two");
      const disabled = again.getSecret("kept", { version: properties.version ?? "" });
      await expect(disabled).rejects.toMatchObject({ statusCode: 403 });
      await expect(again.getSecret("half")).rejects.toMatchObject({ statusCode: 404 });
      await second.ensureKey("kept");
      const kept = await new KeyClient(second.url, credential, options).getKey("kept");
      expect(kept.properties.version).toBe(key.properties.version);
      await again.setSecret("after", "three");
      await second.close();
    }
  });
});
