import { X509Certificate } from "node:crypto";
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { odata, TableClient } from "@azure/data-tables";
import { ManagedIdentityCredential } from "@azure/identity";
import { SecretClient } from "@azure/keyvault-secrets";
import { createRemoteJWKSet, customFetch, jwtVerify } from "jose";
import { generate } from "selfsigned";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loopbackCertificate, trustCertificate } from "../../local/azure/certificate.ts";
import { type Stack, startStack } from "../../local/stack.ts";

let dir: string;
let stack: Stack;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "socmate-test-"));
  stack = await startStack({ dir });
  trustCertificate(stack.certificate);
  // The credential reads these when it is created. Its cache is shared by the process.
  Object.assign(process.env, stack.settings);
}, 60_000);

afterAll(async () => {
  await stack.close();
  await rm(dir, { recursive: true });
});

const credential = () => new ManagedIdentityCredential({ clientId: stack.settings.AZURE_CLIENT_ID });
const table = ({ settings }: Stack) => new TableClient(settings.TABLES_URL, "apiclients", credential());

describe("a stack on disk", () => {
  test("accepts the SDK's clients with the managed identity", async () => {
    const options = { disableChallengeResourceVerification: true };
    const secrets = new SecretClient(stack.settings.SECRETS_VAULT_URL, credential(), options);
    await secrets.setSecret("some", "value");
    expect((await secrets.getSecret("some")).value).toBe("value");
    await table(stack).createEntity({ partitionKey: "a", rowKey: "client", name: "it's" });
    const rows = table(stack).listEntities({ queryOptions: { filter: odata`name eq ${"it's"}` } });
    expect((await rows.next()).value).toMatchObject({ partitionKey: "a", name: "it's" });
  });

  test("keeps rows, keys and tokens across a restart, in files that only the user can read", async () => {
    await table(stack).upsertEntity({ partitionKey: "kept", rowKey: "client", status: "active" });
    const token = stack.identity.token("https://vault.azure.net");
    const { kid } = stack.adminIssuer;
    await stack.close();
    stack = await startStack({ dir });
    Object.assign(process.env, stack.settings);
    expect(await table(stack).getEntity("kept", "client")).toMatchObject({ status: "active" });
    expect(stack.identity.accepts(token, "https://vault.azure.net")).toBe(true);
    expect(stack.adminIssuer.kid).toBe(kid);
    for (const file of await readdir(dir, { recursive: true, withFileTypes: true })) {
      const path = join(file.parentPath, file.name);
      const isPrivate = file.isDirectory() || /key|journal/.test(file.name);
      if (isPrivate) expect((await stat(path)).mode & 0o077, path).toBe(0);
    }
  });

  test("renews the certificate 30 days before its expiry, and not earlier", async () => {
    expect(await loopbackCertificate(dir)).toEqual({ ...stack.certificate, path: join(dir, "certificate.pem") });
    const soon = await generate([], { keyType: "ec", notAfterDate: new Date(Date.now() + 29 * 86_400_000) });
    const oldDir = join(dir, "old");
    await mkdir(oldDir);
    await writeFile(join(oldDir, "certificate.pem"), soon.cert);
    await writeFile(join(oldDir, "certificate-key.pem"), soon.private);
    const renewed = await loopbackCertificate(oldDir);
    expect(renewed.cert).not.toBe(soon.cert);
    expect(new X509Certificate(renewed.cert).checkIP("127.0.0.1")).toBe("127.0.0.1");
    expect((await loopbackCertificate(oldDir)).cert).toBe(renewed.cert);
  });
});

describe("the identity endpoint", () => {
  const ask = (query: string, headers: Record<string, string> = { "x-identity-header": stack.identity.header }) =>
    fetch(`${stack.identity.endpoint}?${query}`, { headers });
  const query = "api-version=2019-08-01&resource=https://vault.azure.net";

  test("answers a token request with the members of App Service's answer", async () => {
    expect(await (await ask(query)).json()).toEqual({
      access_token: expect.any(String),
      expires_on: expect.stringMatching(/^\d{10}$/),
      resource: "https://vault.azure.net",
      token_type: "Bearer",
      client_id: stack.settings.AZURE_CLIENT_ID,
    });
  });

  test.each([
    ["without its header", 401, query, {}],
    ["with a wrong header", 401, query, { "x-identity-header": "x" }],
    ["for another identity", 400, `${query}&client_id=other`, undefined],
    ["without a resource", 400, "api-version=2019-08-01", undefined],
    ["of another api-version", 400, "api-version=2018-02-01&resource=x", undefined],
  ])("refuses a token request %s", async (_what, status, search, headers) => {
    expect((await ask(search, headers)).status).toBe(status);
  });
});

describe("the admin issuer", () => {
  test("issues admin tokens that verify with its published keys", async () => {
    const { ADMIN_ISSUER: issuer, ADMIN_AUDIENCE: audience, ADMIN_JWKS_URL: jwksUrl } = stack.settings;
    const discovery = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
    expect(discovery).toMatchObject({ issuer, jwks_uri: jwksUrl });
    const keys = createRemoteJWKSet(new URL(jwksUrl), { [customFetch]: fetch });
    const { payload } = await jwtVerify(stack.adminToken(), keys, { issuer, audience });
    expect(payload).toMatchObject({ roles: ["admin"], oid: expect.any(String), sub: expect.any(String) });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(3900);
  });

  test("replaces the claims of an admin token, and removes those that are undefined", async () => {
    const keys = createRemoteJWKSet(new URL(stack.settings.ADMIN_JWKS_URL));
    const { payload } = await jwtVerify(stack.adminToken({ roles: ["reader"], oid: undefined }), keys);
    expect(payload.roles).toEqual(["reader"]);
    expect(payload).not.toHaveProperty("oid");
  });

  test("gives an admin token for a POST of JSON, with CORS for pages on loopback only", async () => {
    const post = (headers: Record<string, string>, body: string) =>
      fetch(stack.adminIssuer.tokenUrl, { method: "POST", headers, body });
    const answer = await post({ "content-type": "application/json" }, '{"oid":"me"}');
    expect(await answer.json()).toEqual({ access_token: expect.any(String), expires_in: 3600, token_type: "Bearer" });
    expect((await post({ "content-type": "text/plain" }, "{}")).status).toBe(415);
    const preflight = (origin: string) => fetch(stack.adminIssuer.tokenUrl, { method: "OPTIONS", headers: { origin } });
    const allowed = async (origin: string) => (await preflight(origin)).headers.get("access-control-allow-origin");
    expect(await allowed("https://attacker.example")).toBeNull();
    expect(await allowed("http://127.0.0.1:7071")).toBe("http://127.0.0.1:7071");
  });
});
