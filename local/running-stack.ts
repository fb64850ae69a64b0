import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Service } from "./host/service.ts";
import { readIfPresent } from "./server/read-or-create-file.ts";
import type { Stack } from "./stack.ts";

const PROBE_MS = 2000;

const runningStackSchema = z.object({
  /** The service, through the gateway. */
  url: z.string(),
  /** Its Functions host, and the key that this asks for; not there when another host runs the service. */
  hostUrl: z.string().optional(),
  hostKey: z.string().optional(),
  tablesUrl: z.string(),
  secretsVaultUrl: z.string(),
  signingVaultUrls: z.string(),
  identityEndpoint: z.string(),
  adminIssuer: z.string(),
  /** See `AdminIssuer.tokenUrl`. */
  adminTokenUrl: z.string(),
});

/** Where the parts of a running stack are. */
export type RunningStack = z.infer<typeof runningStackSchema>;

/** The folder of the local stack: `LOCAL_DATA_DIR`, else `.local`. */
export function dataDir(): string {
  return process.env.LOCAL_DATA_DIR || ".local";
}

/** Where the parts of a stack are, and its service if that runs too. */
export function partsOf({ settings, adminIssuer }: Stack, service?: Service): RunningStack {
  return {
    url: settings.TOKEN_ISSUER,
    hostUrl: service?.hostUrl,
    hostKey: service?.hostKey,
    tablesUrl: settings.TABLES_URL,
    secretsVaultUrl: settings.SECRETS_VAULT_URL,
    signingVaultUrls: settings.SIGNING_VAULT_URLS,
    identityEndpoint: settings.IDENTITY_ENDPOINT,
    adminIssuer: adminIssuer.issuer,
    adminTokenUrl: adminIssuer.tokenUrl,
  };
}

/** Says in `stack.json` of the folder that a stack runs on it. Returns what takes that back. */
export async function announceStack(dir: string, parts: RunningStack): Promise<() => Promise<void>> {
  const path = join(dir, "stack.json");
  await writeFile(path, `${JSON.stringify(parts, null, 2)}\n`, { mode: 0o600 });
  return () => rm(path, { force: true });
}

/** The stack that runs on the folder, or `undefined`; a `stack.json` that a killed one left behind does not count. */
export async function findRunningStack(dir: string): Promise<RunningStack | undefined> {
  const text = await readIfPresent(join(dir, "stack.json"));
  try {
    const parts = runningStackSchema.parse(JSON.parse(text ?? ""));
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
    signal: AbortSignal.timeout(PROBE_MS),
  });
  return z.object({ access_token: z.string() }).parse(await response.json()).access_token;
}
