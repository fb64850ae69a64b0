import { describe, expect, test } from "vitest";
import { welcome } from "../../local/terminal.ts";
import { readConfig } from "../../shared/config.ts";

const ORIGIN = "https://127.0.0.1:1";
const PARTS = {
  url: "http://127.0.0.1:7071",
  tablesUrl: ORIGIN,
  secretsVaultUrl: ORIGIN,
  signingVaultUrls: ORIGIN,
  identityEndpoint: ORIGIN,
  adminIssuer: ORIGIN,
  adminTokenUrl: ORIGIN,
};

const textFor = (leadSeconds: number) =>
  welcome(PARTS, { dir: ".local", token: "token", leadSeconds, milliseconds: 1_000 });

/** Whether the start check accepts the lead of a public issuer. */
function isLongEnough(leadSeconds: number): boolean {
  try {
    readConfig({
      TOKEN_ISSUER: "https://auth.example",
      TOKEN_AUDIENCE: "https://api.example",
      TABLES_URL: ORIGIN,
      SECRETS_VAULT_URL: ORIGIN,
      SIGNING_VAULT_URLS: ORIGIN,
      SIGNING_KEY_NAME: "token-signing",
      ADMIN_ISSUER: ORIGIN,
      ADMIN_AUDIENCE: "api://admin",
      ADMIN_JWKS_URL: ORIGIN,
      KEY_PUBLISH_LEAD_SECONDS: String(leadSeconds),
    });
    return true;
  } catch {
    return false;
  }
}

describe("the text of npm start", () => {
  test.each([15, 3_600, 46_020, 46_021, 86_400])(
    "says what real verifiers do with a new key where the lead is too short for them: %i s",
    (leadSeconds) => {
      const warning = "ASP.NET Core\n    refuses tokens of a new key for up to 5 minutes, jose for up to 30 seconds";
      expect(textFor(leadSeconds).includes(warning)).toBe(!isLongEnough(leadSeconds));
    },
  );

  test("names the lead", () => {
    expect(textFor(15)).toContain("a new key signs after 15 s");
  });
});
