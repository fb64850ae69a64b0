import { randomInt } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type AdminIssuer, type Claims, startAdminIssuer } from "./azure/admin-issuer.ts";
import { type Certificate, loopbackCertificate } from "./azure/certificate.ts";
import { type Identity, startIdentity } from "./azure/identity.ts";
import { startTables } from "./azure/tables.ts";
import { close, listen } from "./server/http-server.ts";
import { startKeyVault } from "./vault/key-vault.ts";

/** The name of the key in every signing vault. */
export const SIGNING_KEY_NAME = "token-signing";

/** The emulators of Azure on loopback, and the settings of a service that uses them. */
export interface Stack {
  /** The environment of the service: its settings, the platform's variables for the identity, and the certificate to trust. */
  readonly settings: StackSettings;
  /** The port in `TOKEN_ISSUER`, for the service. It was free when the stack started. */
  readonly port: number;
  readonly certificate: Certificate;
  readonly identity: Identity;
  readonly adminIssuer: AdminIssuer;
  /** Signs an admin token, as `AdminIssuer.token` does. */
  adminToken(claims?: Claims): string;
  close(): Promise<void>;
}

/** The settings of the service on a stack, and any additional variables. */
export type StackSettings = Readonly<Record<string, string> & ReturnType<typeof settingsOf>>;

/**
 * Options of a stack. Without `dir` its data is in memory. `port` is the future port of its service. `clock` returns the time of changes
 * in the vaults in milliseconds. `signingVaults` is their number, 1 by default.
 */
export interface StackOptions {
  readonly dir?: string | undefined;
  readonly port?: number | undefined;
  readonly clock?: (() => number) | undefined;
  readonly signingVaults?: number;
}

interface Parts {
  readonly serviceUrl: string;
  readonly tables: { readonly url: string };
  readonly secretsVault: { readonly url: string };
  readonly signingVaults: readonly { readonly url: string }[];
  readonly adminIssuer: AdminIssuer;
  readonly identity: Identity;
  readonly certificate: Certificate;
}

/**
 * Starts the emulators of Azure: table storage, a vault for secrets, one or more vaults with a signing key, the identity endpoint, and
 * the issuer of admin tokens.
 */
export async function startStack({ dir, port, clock, signingVaults: count = 1 }: StackOptions = {}): Promise<Stack> {
  const inDir = (name: string) => dir && join(dir, name);
  const certificateDir = dir ?? (await mkdtemp(join(tmpdir(), "socmate-")));
  const certificate = await loopbackCertificate(resolve(certificateDir));
  const identity = await startIdentity({ dir });
  const startVault = (name: string) => startKeyVault({ certificate, identity, clock, dir: inDir(name) });
  const signingVaultNames = Array.from({ length: count }, (_, i) =>
    i === 0 ? "signing-vault" : `signing-vault-${i + 1}`,
  );
  const [tables, secretsVault, signingVaults, adminIssuer, servicePort] = await Promise.all([
    startTables({ certificate, identity, dir: inDir("tables") }),
    startVault("secrets-vault"),
    Promise.all(signingVaultNames.map(startVault)),
    startAdminIssuer({ dir }),
    port ?? freePort(),
  ]);
  await Promise.all(signingVaults.map((vault) => vault.ensureKey(SIGNING_KEY_NAME)));
  const serviceUrl = `http://127.0.0.1:${servicePort}`;
  return {
    settings: settingsOf({ serviceUrl, tables, secretsVault, signingVaults, adminIssuer, identity, certificate }),
    port: servicePort,
    certificate,
    identity,
    adminIssuer,
    adminToken: adminIssuer.token,
    close: async () => {
      const parts = [tables, secretsVault, ...signingVaults, adminIssuer, identity];
      await Promise.all(parts.map((part) => part.close()));
      if (dir === undefined) await rm(certificateDir, { recursive: true });
    },
  };
}

function settingsOf(parts: Parts) {
  const { serviceUrl, tables, secretsVault, signingVaults, adminIssuer, identity, certificate } = parts;
  return {
    TOKEN_ISSUER: serviceUrl,
    TOKEN_AUDIENCE: `${serviceUrl}/api`,
    TOKEN_LIFETIME_SECONDS: "1800",
    TOKEN_REUSE_BURST: "10",
    TOKEN_REUSE_PER_SECOND: "1",
    TOKEN_REUSE_SECONDS: "10",
    CLIENT_ID_PREFIX: "socmate",
    CALLER_ADDRESS: "X-Forwarded-For",
    TABLES_URL: tables.url,
    SECRETS_VAULT_URL: secretsVault.url,
    SIGNING_VAULT_URLS: signingVaults.map(({ url }) => url).join(),
    SIGNING_KEY_NAME,
    KEY_PUBLISH_LEAD_SECONDS: "86400",
    ADMIN_ISSUER: adminIssuer.issuer,
    ADMIN_AUDIENCE: adminIssuer.audience,
    ADMIN_JWKS_URL: adminIssuer.jwksUrl,
    ADMIN_ROLE: "admin",
    ADMIN_SCOPE: "administer",
    ADMIN_CLIENT_IDS: adminIssuer.consoleClientId,
    AZURE_CLIENT_ID: identity.clientId,
    CONSOLE_CLIENT_ID: adminIssuer.consoleClientId,
    FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: "131072",
    AzureWebJobsDisableHomepage: "true",
    IDENTITY_ENDPOINT: identity.endpoint,
    IDENTITY_HEADER: identity.header,
    NODE_EXTRA_CA_CERTS: certificate.path,
  };
}

/** Finds a free port below the range of ephemeral ports, so that no other process gets it from the system. */
async function freePort(): Promise<number> {
  const server = createServer();
  try {
    const port = await listen(server, randomInt(20_000, 32_000));
    await close(server);
    return port;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EADDRINUSE") return freePort();
    throw error;
  }
}
