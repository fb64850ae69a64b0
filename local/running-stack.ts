import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Service } from "./host/service.ts";
import { readIfPresent } from "./server/read-or-create-file.ts";
import type { Stack } from "./stack.ts";

const PROBE_MS = 2000;

const runningStackSchema = z.object({
  /** The gateway of the service. */
  url: z.string(),
  /** The Functions host and its key; absent when Core Tools run the service. */
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

/** The addresses of the parts of a running stack. */
export type RunningStack = z.infer<typeof runningStackSchema>;

/** Returns the folder of the local stack: `LOCAL_DATA_DIR`, else `.local`. */
export function dataDir(): string {
  return process.env.LOCAL_DATA_DIR || ".local";
}

/** Returns the addresses of the parts of a stack, and of its service if that runs. */
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

/** Writes `stack.json`, by which other commands find the stack of a folder. Returns a function that removes it. */
export async function announceStack(dir: string, parts: RunningStack): Promise<() => Promise<void>> {
  const path = join(dir, "stack.json");
  await writeFile(path, `${JSON.stringify(parts, null, 2)}\n`, { mode: 0o600 });
  return () => rm(path, { force: true });
}

/** Finds the stack that runs on a folder: one whose admin issuer answers. The `stack.json` of a killed stack is ignored. */
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

/** Requests an admin token from a running stack. */
export async function fetchAdminToken({ adminTokenUrl }: RunningStack): Promise<string> {
  const response = await fetch(adminTokenUrl, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "{}",
    signal: AbortSignal.timeout(PROBE_MS),
  });
  return z.object({ access_token: z.string() }).parse(await response.json()).access_token;
}
