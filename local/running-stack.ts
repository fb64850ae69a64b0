import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Stack } from "./stack.ts";

/** Where the parts of a running stack are; kept in `stack.json` of its folder while it runs. */
export interface RunningStack {
  readonly url: string;
  readonly adminTokenUrl: string;
  readonly tablesUrl: string;
  readonly secretsVaultUrl: string;
  readonly signingVaultUrls: string;
  readonly identityEndpoint: string;
}

/** The folder of the local stack: `LOCAL_DATA_DIR`, else `.local/`. */
export function dataDir(): string {
  return process.env["LOCAL_DATA_DIR"] || ".local";
}

/** Where the parts of a stack are. */
export function partsOf({ settings, adminIssuer }: Stack): RunningStack {
  const {
    TOKEN_ISSUER = "",
    TABLES_URL = "",
    SECRETS_VAULT_URL = "",
    SIGNING_VAULT_URLS = "",
    IDENTITY_ENDPOINT = "",
  } = settings;
  return {
    url: TOKEN_ISSUER,
    adminTokenUrl: adminIssuer.tokenUrl,
    tablesUrl: TABLES_URL,
    secretsVaultUrl: SECRETS_VAULT_URL,
    signingVaultUrls: SIGNING_VAULT_URLS,
    identityEndpoint: IDENTITY_ENDPOINT,
  };
}

/** Says in `stack.json` that a stack runs on the folder. Returns what takes it back. */
export async function announceStack(dir: string, parts: RunningStack): Promise<() => Promise<void>> {
  const path = join(dir, "stack.json");
  await writeFile(path, `${JSON.stringify(parts, null, 2)}\n`, { mode: 0o600 });
  return () => rm(path, { force: true });
}

/** The stack that runs on the folder, or `undefined`; a `stack.json` that a killed one left behind does not count. */
export async function findRunningStack(dir: string): Promise<RunningStack | undefined> {
  try {
    const parts = JSON.parse(await readFile(join(dir, "stack.json"), "utf8")) as RunningStack;
    await fetchAdminToken(parts);
    return parts;
  } catch {
    return undefined;
  }
}

/** Gets a token of an administrator from a running stack. */
export async function fetchAdminToken({ adminTokenUrl }: RunningStack): Promise<string> {
  const response = await fetch(adminTokenUrl, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "{}",
  });
  const { access_token: token } = (await response.json()) as { access_token: string };
  if (!response.ok || typeof token !== "string") throw new Error(`The issuer answered ${response.status}.`);
  return token;
}
