import { describe, expect, test } from "vitest";
import { ConfigError, readConfig } from "../../shared/config.ts";
import { isLoopback } from "../../shared/model/loopback.ts";

const required = {
  TOKEN_ISSUER: "https://auth.socmate.example",
  TOKEN_AUDIENCE: "https://api.socmate.example",
  TABLES_URL: "https://socmate.table.core.windows.net",
  SECRETS_VAULT_URL: "https://socmate-secrets.vault.azure.net",
  SIGNING_VAULT_URLS: "https://socmate-signing.vault.azure.net",
  SIGNING_KEY_NAME: "token-signing",
  ADMIN_ISSUER: "https://login.microsoftonline.com/10ca1000-0000-4000-8000-000000000001/v2.0",
  ADMIN_AUDIENCE: "api://socmate",
  ADMIN_JWKS_URL: "https://login.microsoftonline.com/10ca1000-0000-4000-8000-000000000001/discovery/v2.0/keys",
};

function faultsOf(env: Record<string, string | undefined>): readonly string[] {
  try {
    readConfig(env);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.faults;
  }
}

test("the settings that are required suffice", () => {
  expect(readConfig(required)).toEqual({
    tokenIssuer: "https://auth.socmate.example",
    tokenAudience: "https://api.socmate.example",
    tokenLifetimeSeconds: 1800,
    tokenReuse: { burst: 10, perSecond: 1, seconds: 10 },
    clientIdPrefix: "socmate",
    tablesUrl: "https://socmate.table.core.windows.net",
    secretsVaultUrl: "https://socmate-secrets.vault.azure.net",
    signingVaultUrls: ["https://socmate-signing.vault.azure.net"],
    signingKeyName: "token-signing",
    keyPublishLeadSeconds: 86_400,
    secretHashExpiryDays: undefined,
    admin: {
      issuer: required.ADMIN_ISSUER,
      audience: "api://socmate",
      jwksUrl: required.ADMIN_JWKS_URL,
      role: "admin",
      scope: "administer",
      clientIds: undefined,
    },
    azureClientId: undefined,
    consoleClientId: undefined,
    documentationUrl: undefined,
    callerAddress: "X-Forwarded-For",
  });
});

test("every other setting counts where it is there", () => {
  const optional = {
    TOKEN_LIFETIME_SECONDS: "300",
    TOKEN_REUSE_BURST: "20",
    TOKEN_REUSE_PER_SECOND: "2",
    TOKEN_REUSE_SECONDS: "0",
    CLIENT_ID_PREFIX: "socmate-eu",
    SIGNING_VAULT_URLS: "https://one.vault.azure.net, https://two.vault.azure.net",
    KEY_PUBLISH_LEAD_SECONDS: "172800",
    SECRET_HASH_EXPIRY_DAYS: "365",
    ADMIN_ROLE: "SoCMate.Admin",
    ADMIN_SCOPE: "api.admin",
    ADMIN_CLIENT_IDS: "10ca1000-0000-4000-8000-000000000003, 10CA1000-0000-4000-8000-00000000000D",
    AZURE_CLIENT_ID: "10CA1000-0000-4000-8000-000000000002",
    CONSOLE_CLIENT_ID: "10ca1000-0000-4000-8000-000000000003",
    DOCUMENTATION_URL: "https://docs.socmate.example/errors",
    CALLER_ADDRESS: "X-Azure-SocketIP",
  };
  expect(readConfig({ ...required, ...optional, PATH: "/bin" })).toMatchObject({
    tokenLifetimeSeconds: 300,
    tokenReuse: { burst: 20, perSecond: 2, seconds: 0 },
    clientIdPrefix: "socmate-eu",
    signingVaultUrls: ["https://one.vault.azure.net", "https://two.vault.azure.net"],
    keyPublishLeadSeconds: 172_800,
    secretHashExpiryDays: 365,
    admin: {
      role: "SoCMate.Admin",
      scope: "api.admin",
      clientIds: ["10ca1000-0000-4000-8000-000000000003", "10ca1000-0000-4000-8000-00000000000d"],
    },
    azureClientId: "10CA1000-0000-4000-8000-000000000002",
    consoleClientId: "10ca1000-0000-4000-8000-000000000003",
    documentationUrl: "https://docs.socmate.example/errors",
    callerAddress: "X-Azure-SocketIP",
  });
});

test("a list of applications that may administer has the admin page, where there is one", () => {
  const page = "10CA1000-0000-4000-8000-000000000003";
  const other = "10ca1000-0000-4000-8000-00000000000d";
  const withList = (list: string) => readConfig({ ...required, CONSOLE_CLIENT_ID: page, ADMIN_CLIENT_IDS: list });
  expect(() => withList(other)).toThrow(/ADMIN_CLIENT_IDS must have the application of the admin page/);
  expect(() => withList(`${other},${page.toLowerCase()}`)).not.toThrow();
  expect(() => readConfig({ ...required, ADMIN_CLIENT_IDS: other })).not.toThrow();
});

test("[check 68] a lead of seconds is for a service on this machine; any other is longer than ASP.NET Core keeps keys", () => {
  const local = { ...required, TOKEN_ISSUER: "http://127.0.0.1:7071", KEY_PUBLISH_LEAD_SECONDS: "15" };
  expect(readConfig(local)).toMatchObject({ keyPublishLeadSeconds: 15 });
  const shortest = { ...required, KEY_PUBLISH_LEAD_SECONDS: "46021" };
  expect(readConfig(shortest)).toMatchObject({ keyPublishLeadSeconds: 46_021 });
  for (const lead of ["10", "3600", "44099", "46020"]) {
    const [fault] = faultsOf({ ...required, KEY_PUBLISH_LEAD_SECONDS: lead });
    expect(fault, lead).toMatch(/^KEY_PUBLISH_LEAD_SECONDS must be more than 46020 .*ASP\.NET Core keeps the JWKS/);
  }
});

describe("a start is refused", () => {
  test.for(Object.keys(required))("without %s, and with an empty one [check 39]", (name) => {
    expect(faultsOf({ ...required, [name]: undefined })).toEqual([`${name} is missing.`]);
    expect(faultsOf({ ...required, [name]: "" })).toContainEqual(expect.stringMatching(`^${name} must `));
  });

  test.for([
    "TOKEN_LIFETIME_SECONDS",
    "CLIENT_ID_PREFIX",
    "KEY_PUBLISH_LEAD_SECONDS",
    "SECRET_HASH_EXPIRY_DAYS",
    "ADMIN_ROLE",
    "AZURE_CLIENT_ID",
    "DOCUMENTATION_URL",
    "CALLER_ADDRESS",
  ])("with an empty %s, although it has a default or may be absent [check 39]", (name) => {
    expect(faultsOf({ ...required, [name]: "" })).not.toEqual([]);
  });

  const insecureUrl = /must be an https URL/;
  test.for([
    ["SECRET_HASH_EXPIRY_DAYS", "29", /must be at least 30/],
    ["SECRET_HASH_EXPIRY_DAYS", "3651", /must be at most 3650/],
    ["SECRET_HASH_EXPIRY_DAYS", "1y", /must be a whole number of days/],
    ["TOKEN_LIFETIME_SECONDS", "0", /must be at least 300/],
    ["TOKEN_LIFETIME_SECONDS", "299", /must be at least 300/],
    ["TOKEN_LIFETIME_SECONDS", "3601", /must be at most 3600/],
    ["TOKEN_LIFETIME_SECONDS", "315360000", /must be at most 3600/],
    ["TOKEN_LIFETIME_SECONDS", "1e3", /must be a whole number/],
    ["TOKEN_LIFETIME_SECONDS", "30m", /must be a whole number/],
    ["TOKEN_LIFETIME_SECONDS", "-1800", /must be a whole number/],
    ["TOKEN_REUSE_BURST", "ten", /must be a whole number of tokens/],
    ["TOKEN_REUSE_PER_SECOND", "0.5", /must be a whole number of tokens/],
    ["TOKEN_REUSE_SECONDS", "61", /must be at most 60/],
    ["KEY_PUBLISH_LEAD_SECONDS", "0", /must be at least 10/],
    ["CLIENT_ID_PREFIX", "SoCMate", /must be words of a-z and 0-9/],
    ["CLIENT_ID_PREFIX", "a/b", /must be words of a-z and 0-9/],
    ["CLIENT_ID_PREFIX", "a".repeat(25), /must be at most 24/],
    ["TOKEN_ISSUER", "http://auth.socmate.example", insecureUrl],
    ["TOKEN_ISSUER", "https://auth.socmate.example/", /must end after the host/],
    ["TOKEN_ISSUER", "https://auth.socmate.example:443", /must end after the host/],
    ["TOKEN_ISSUER", "auth.socmate.example", insecureUrl],
    ["TOKEN_AUDIENCE", "https://api.socmate.example ", insecureUrl],
    ["TOKEN_AUDIENCE", "https://api.socmate.example?", insecureUrl],
    ["TABLES_URL", "https://account:key@socmate.table.core.windows.net", insecureUrl],
    ["TABLES_URL", "https://socmate.table.core.windows.net?sv=2024&sig=x", insecureUrl],
    ["TABLES_URL", "UseDevelopmentStorage=true", insecureUrl],
    ["SECRETS_VAULT_URL", "http://127.0.0.1.example", insecureUrl],
    ["SIGNING_VAULT_URLS", "https://one.vault.azure.net,", insecureUrl],
    ["SIGNING_VAULT_URLS", "https://one.vault.azure.net,https://one.vault.azure.net", /must not repeat a vault/],
    ["SIGNING_KEY_NAME", "../secrets", /must be the name of a Key Vault key/],
    ["ADMIN_ISSUER", "http://login.example", insecureUrl],
    ["ADMIN_ISSUER", "https://auth.socmate.example", /must not be this service itself/],
    ["ADMIN_ISSUER", "https://AUTH.socmate.example:443/tenant", /must not be this service itself/],
    ["ADMIN_JWKS_URL", "https://auth.socmate.example/.well-known/jwks.json", /must not be this service itself/],
    ["ADMIN_JWKS_URL", "file:///etc/passwd", insecureUrl],
    ["AZURE_CLIENT_ID", "socmate-identity", /must be the client id/],
    ["CONSOLE_CLIENT_ID", "socmate-console", /must be the client id/],
    ["DOCUMENTATION_URL", "http://docs.socmate.example", insecureUrl],
    ["DOCUMENTATION_URL", "https://docs.socmate.example/errors#top", insecureUrl],
    ["DOCUMENTATION_URL", 'https://docs.socmate.example/"', /must not have a quote/],
    ["CALLER_ADDRESS", "X-Real-IP", /must be X-Forwarded-For or X-Azure-SocketIP/],
    ["CALLER_ADDRESS", "x-forwarded-for", /must be X-Forwarded-For or X-Azure-SocketIP/],
    ["ADMIN_SCOPE", "", /must be the name of one scope/],
    ["ADMIN_SCOPE", "administer other", /must be the name of one scope/],
    ["ADMIN_CLIENT_IDS", "", /must be the client id/],
    ["ADMIN_CLIENT_IDS", "10ca1000-0000-4000-8000-000000000003,", /must be the client id/],
    [
      "ADMIN_CLIENT_IDS",
      "10ca1000-0000-4000-8000-00000000000d,10CA1000-0000-4000-8000-00000000000D",
      /must not repeat/,
    ],
  ] as const)("with %s=%s [check 39]", ([name, value, fault]) => {
    const faults = faultsOf({ ...required, [name]: value });
    expect(faults).toEqual([expect.stringMatching(fault)]);
    expect(faults[0]).toMatch(new RegExp(`^${name} `));
  });

  test("with every fault in one message [check 39]", () => {
    const env = {
      ...required,
      TOKEN_LIFETIME_SECONDS: "0",
      TABLES_URL: undefined,
      ADMIN_ISSUER: required.TOKEN_ISSUER,
    };
    expect(faultsOf(env)).toHaveLength(3);
    expect(() => readConfig(env)).toThrow(
      "wrong_settings: TOKEN_LIFETIME_SECONDS must be at least 300. TABLES_URL is missing. " +
        "ADMIN_ISSUER must not be this service itself (TOKEN_ISSUER).",
    );
    expect(faultsOf({})).toHaveLength(Object.keys(required).length);
  });

  test("without a word of the value, which may be a secret in the wrong place [check 37]", () => {
    const secret = "AccountKey=c2VjcmV0";
    for (const name of Object.keys(required)) {
      expect(faultsOf({ ...required, [name]: `${secret} ` }).join()).not.toContain(secret);
    }
  });
});

test.for([
  ["http://127.0.0.1:7071", true],
  ["http://localhost", true],
  ["http://[::1]:80", true],
  ["http://127.0.0.1.example", false],
  ["http://localhost.example", false],
  ["http://10.0.0.1", false],
] as const)("whether %s is this machine: %s", ([url, loopback]) => {
  expect(isLoopback(url)).toBe(loopback);
  expect(faultsOf({ ...required, TABLES_URL: url })).toHaveLength(loopback ? 0 : 1);
});
