import { afterEach, expect, test, vi } from "vitest";
import { ConfigError, SETTING_NAMES } from "../../shared/config.ts";
import { productionServices } from "../../shared/production.ts";
import { provideServices, services, start, stop } from "../../shared/services.ts";

const settings = {
  TOKEN_ISSUER: "https://auth.socmate.example",
  TOKEN_AUDIENCE: "https://api.socmate.example",
  TABLES_URL: "https://127.0.0.1:1/account",
  SECRETS_VAULT_URL: "https://127.0.0.1:1",
  SIGNING_VAULT_URLS: "https://127.0.0.1:1",
  SIGNING_KEY_NAME: "token-signing",
  ADMIN_ISSUER: "http://127.0.0.1:1",
  ADMIN_AUDIENCE: "api://socmate",
  ADMIN_JWKS_URL: "http://127.0.0.1:1/keys",
};

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

provideServices(productionServices);

// The order of these tests counts, since a process has one set of services.

test("a start with wrong settings tells every fault in the log, and leaves the app running [check 39]", () => {
  for (const name of SETTING_NAMES) vi.stubEnv(name, undefined);
  const log = vi.spyOn(console, "error").mockReturnValue();
  start();
  const lines = log.mock.calls.map(([line]) => JSON.parse(String(line)));
  expect(lines.map(({ reason }) => reason)).toEqual(Object.keys(settings).map((name) => `${name} is missing.`));
  expect(lines[0]).toMatchObject({ level: "error", event: "start", outcome: "failed" });
  expect(() => services()).toThrow(ConfigError);
});

test("an end before the first request has nothing to write", async () => {
  await expect(stop()).resolves.toBeUndefined();
});

test("a process makes its services once, when they are first needed", () => {
  for (const [name, value] of Object.entries(settings)) vi.stubEnv(name, value);
  const made = services();
  expect(made.config.tokenIssuer).toBe("https://auth.socmate.example");
  vi.stubEnv("TOKEN_ISSUER", "https://other.example");
  expect(services()).toBe(made);
});
