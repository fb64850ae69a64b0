import { afterAll, expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { type Service, startService } from "../../local/host/service.ts";
import { startStack } from "../../local/stack.ts";
import { oauthError, problem } from "../support/answers.ts";
import { send } from "../support/http.ts";
import { postForm } from "../support/test-service.ts";

const stack = await startStack();
afterAll(() => stack.close());

/** Starts the service with some settings replaced, or left out where they are `undefined`. */
async function startWith(changes: Record<string, string | undefined>): Promise<Service> {
  const service = await startService(stack, { port: 0, env: changes });
  onTestFinished(() => service.stop());
  return service;
}

const logLine = z.object({ event: z.literal("start"), outcome: z.literal("failed"), reason: z.string() });
const faultsOf = ({ lines }: Service) =>
  lines.filter((line) => line.includes('"start"')).map((line) => logLine.parse(JSON.parse(line)).reason);

const NOT_SECURE = "must be an https URL without credentials, query or fragment (http is for loopback hosts alone).";

test("[check 39] names every fault of the settings in one go, and answers 503 everywhere", async () => {
  const service = await startWith({
    TOKEN_ISSUER: "http://auth.socmate.example",
    TOKEN_AUDIENCE: "",
    TOKEN_LIFETIME_SECONDS: "0",
    CLIENT_ID_PREFIX: "Not A Slug",
    TABLES_URL: undefined,
    SECRETS_VAULT_URL: "https://user:password@vault.example",
    SIGNING_VAULT_URLS: "https://one.example,https://one.example",
    SIGNING_KEY_NAME: "../keys",
    KEY_PUBLISH_LEAD_SECONDS: "soon",
    ADMIN_ISSUER: undefined,
    ADMIN_AUDIENCE: "",
    ADMIN_JWKS_URL: "keys.json",
    ADMIN_ROLE: "",
    ADMIN_SCOPE: "two scopes",
    ADMIN_CLIENT_IDS: "everybody",
    AZURE_CLIENT_ID: "me",
  });
  expect(faultsOf(service).toSorted()).toEqual(
    [
      `TOKEN_ISSUER ${NOT_SECURE}`,
      `TOKEN_AUDIENCE ${NOT_SECURE}`,
      "TOKEN_LIFETIME_SECONDS must be at least 300.",
      "CLIENT_ID_PREFIX must be words of a-z and 0-9 joined by hyphens.",
      "TABLES_URL is missing.",
      `SECRETS_VAULT_URL ${NOT_SECURE}`,
      "SIGNING_VAULT_URLS must not repeat a vault.",
      "SIGNING_KEY_NAME must be the name of a Key Vault key: letters, digits and hyphens.",
      "KEY_PUBLISH_LEAD_SECONDS must be a whole number of seconds.",
      "ADMIN_ISSUER is missing.",
      "ADMIN_AUDIENCE must not be empty.",
      `ADMIN_JWKS_URL ${NOT_SECURE}`,
      "ADMIN_ROLE must not be empty.",
      "ADMIN_SCOPE must be the name of one scope.",
      "ADMIN_CLIENT_IDS must be the client id (a GUID) of an application.",
      "ADMIN_CLIENT_IDS must have the application of the admin page (CONSOLE_CLIENT_ID).",
      "AZURE_CLIENT_ID must be the client id (a GUID) of a managed identity.",
    ].toSorted(),
  );

  const unavailable = problem(
    503,
    "The service cannot answer right now: try again after the time in Retry-After.",
    undefined,
    { "retry-after": "60" },
  );
  expect(await postForm(service.url, "")).toEqual(
    oauthError(
      503,
      "temporarily_unavailable",
      "The service cannot answer right now. Nothing is wrong with the request: try again after the time in Retry-After.",
      { "retry-after": "60" },
    ),
  );
  const others = [
    ["GET", "/.well-known/jwks.json"],
    ["GET", "/.well-known/oauth-authorization-server"],
    ["GET", "/.well-known/openid-configuration"],
    ["GET", "/health"],
    ["GET", "/api/admin/api-clients"],
    ["POST", "/api/admin/api-clients"],
    ["GET", "/api/admin/api-clients/socmate-test-abc123"],
    ["POST", "/api/admin/api-clients/socmate-test-abc123/regenerate-secret"],
    ["DELETE", "/api/admin/api-clients/socmate-test-abc123"],
  ] as const;
  for (const [method, path] of others) {
    expect(await send(`${service.url}${path}`, { method }), `${method} ${path}`).toEqual(unavailable);
  }
});

test("[check 39] refuses to work with a lifetime of ten years, and with itself as the issuer of admin tokens", async () => {
  const { TOKEN_ISSUER: own } = stack.settings;
  const service = await startWith({
    TOKEN_LIFETIME_SECONDS: "315360000",
    ADMIN_ISSUER: own,
    ADMIN_JWKS_URL: `${own}/.well-known/jwks.json`,
  });
  expect(faultsOf(service).toSorted()).toEqual([
    "ADMIN_ISSUER must not be this service itself (TOKEN_ISSUER).",
    "ADMIN_JWKS_URL must not be this service itself (TOKEN_ISSUER).",
    "TOKEN_LIFETIME_SECONDS must be at most 3600.",
  ]);
  expect(await send(`${service.url}/.well-known/jwks.json`)).toMatchObject({ status: 503 });
});
