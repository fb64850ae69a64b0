import { beforeEach, describe, expect, test, vi } from "vitest";
import { health } from "../../functions/health.ts";
import { jwks } from "../../functions/jwks.ts";
import { metadata, openidConfiguration } from "../../functions/metadata.ts";
import { SCOPES } from "../../shared/model/scopes.ts";
import { azureError, connectionReset } from "../fakes/azure-error.ts";
import { createFakeServices, type FakeServices } from "../fakes/fake-services.ts";
import { failing } from "../fakes/hooks.ts";
import { askPublic } from "./invoke.ts";

let services: FakeServices;
beforeEach(async () => {
  services = await createFakeServices();
  const log = vi.spyOn(console, "error").mockReturnValue();
  return () => log.mockRestore();
});

const cacheable = { "Content-Type": "application/json", "Cache-Control": "public, max-age=300" };

describe("the key set", () => {
  test("the key set has public members alone and may be cached for five minutes [check 26]", async () => {
    const { status, headers, body, lines } = await askPublic(jwks, services);
    expect({ status, headers, lines }).toEqual({ status: 200, headers: cacheable, lines: [] });
    expect(body).toEqual({
      keys: [
        {
          kty: "RSA",
          use: "sig",
          alg: "RS256",
          kid: expect.stringMatching(/^[\w-]{43}$/),
          n: expect.stringMatching(/^[\w-]{342}$/),
          e: "AQAB",
        },
      ],
    });
  });

  test("the key set has a rotated key immediately, under a kid of its own [check 28]", async () => {
    services.azure.clock.advance(3 * 86_400_000);
    services.azure.signingVaults[0]?.rotate();
    const { keys } = (await askPublic(jwks, services)).body as { keys: { kid: string }[] };
    expect(new Set(keys.map(({ kid }) => kid)).size).toBe(2);
  });

  test("answers the key set with 503 and no-store before the first list of keys [check 21]", async () => {
    for (const vault of services.azure.signingVaults) vault.before = connectionFails;
    await expect(askPublic(jwks, services)).resolves.toMatchObject({
      status: 503,
      headers: { "Content-Type": "application/problem+json", "Cache-Control": "no-store", "Retry-After": "2" },
      lines: [{ level: "error", outcome: "failed", reason: "no_published_signing_key" }],
    });
  });
});

describe("the metadata", () => {
  const server = {
    issuer: "https://auth.socmate.example",
    token_endpoint: "https://auth.socmate.example/oauth/token",
    jwks_uri: "https://auth.socmate.example/.well-known/jwks.json",
    scopes_supported: SCOPES,
    response_types_supported: ["none"],
    grant_types_supported: ["client_credentials"],
    token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
  };

  test("the metadata describe the token endpoint, with URLs derived from the issuer (RFC 8414 §2) [check 25] [check 27]", async () => {
    const { status, headers, body } = await askPublic(metadata, services);
    expect({ status, headers, body }).toEqual({ status: 200, headers: cacheable, body: server });
  });

  test("the OpenID configuration adds the members that discovery requires (OpenID Connect Discovery §3)", async () => {
    const { status, headers, body } = await askPublic(openidConfiguration, services);
    expect({ status, headers, body }).toEqual({
      status: 200,
      headers: cacheable,
      body: {
        ...server,
        authorization_endpoint: "https://auth.socmate.example/oauth/authorize",
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: ["RS256"],
      },
    });
  });

  test("the metadata need no call to Azure", async () => {
    await askPublic(metadata, services);
    const { table, secretVault, signingVaults } = services.azure;
    expect([table, secretVault, ...signingVaults].flatMap(({ operations }) => operations)).toEqual([]);
  });
});

describe("the health", () => {
  const json = { "Content-Type": "application/json", "Cache-Control": "no-store" };
  const active = { kid: expect.any(String), since: "2026-03-27T00:00:00Z", expires_at: null, days_left: null };
  const vaults = [{ reachable: true, active, next: null, expired_at: null, published: 1 }];

  test("the health is 200 when all parts that a token needs are available", async () => {
    const { status, headers, body } = await askPublic(health, services);
    expect({ status, headers, body }).toEqual({
      status: 200,
      headers: json,
      body: { status: "ok", table: "ok", secrets_vault: "ok", signing_key: "ok", signing_vaults: vaults },
    });
  });

  test("the health is 503 with the name of the unavailable part and no details", async () => {
    services.azure.table.before = failing("getEntity", () => azureError(403));
    const { status, headers, body } = await askPublic(health, services);
    expect({ status, headers, body }).toEqual({
      status: 503,
      headers: { ...json, "Retry-After": "10" },
      body: {
        status: "unavailable",
        table: "unavailable",
        secrets_vault: "ok",
        signing_key: "ok",
        signing_vaults: vaults,
      },
    });
  });
});

function connectionFails(): never {
  throw connectionReset();
}
