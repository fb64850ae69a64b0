import { randomBytes } from "node:crypto";
import { errorCodesOf } from "../request/azure-refusal.ts";
import type { Clock } from "../request/clock.ts";
import { backgroundContext, type RequestContext } from "../request/context.ts";
import { withDeadline } from "../request/deadline.ts";
import { Memo } from "../request/memo.ts";
import { answerMismatch, type RetryPolicy, statusOf, Unavailable } from "../request/retry.ts";
import { HASH_CACHE_MAX_AGE_MS, HASH_READ_TIMEOUT_MS, SECRET_DISABLE_TIMEOUT_MS } from "../request/time-limits.ts";
import { isSecretHash } from "./client-secret.ts";
import type { CallOptions } from "./client-table.ts";
import type { ListedSecret } from "./secret-pages.ts";

/** The port to the secrets of Key Vault, with the names of Azure's SDK. An error has a `statusCode`, and Azure's code in `details`. */
export interface SecretVault {
  setSecret(
    name: string,
    value: string,
    options: CallOptions & { readonly tags: Record<string, string>; readonly expiresOn?: Date },
  ): Promise<unknown>;
  getSecret(
    name: string,
    options?: CallOptions,
  ): Promise<{ readonly name: string; readonly value?: string; readonly properties: { readonly version?: string } }>;
  updateSecretProperties(
    name: string,
    version: string,
    options: CallOptions & { readonly enabled?: boolean; readonly expiresOn?: Date },
  ): Promise<unknown>;
}

/** The start of the name of every vault secret of this service. The sweep ignores all other secrets. */
export const SECRET_NAME_PREFIX = "client-secret-";
/** Bounds the memory of the cache to a few megabytes. */
const MAX_CACHED_HASHES = 10_000;

/** The error for a disabled vault secret: its client secret must be refused. */
export class SecretDisabled extends Error {
  override readonly name = "SecretDisabled";
}

/**
 * Stores the hashes of client secrets in Key Vault. A vault secret is written once and never changed, so its name is the version of a
 * client's secret, and its value can be cached. All methods throw {@link Unavailable} for a fault of the service or of the vault.
 */
export interface SecretStore {
  /** Writes a hash under a new name, reads it back, and returns the name. The sweep finds the row by the tag `client_id`. */
  put(clientId: string, secretHash: string, context: RequestContext): Promise<string>;
  /**
   * Returns the hash under a name, from the cache or the vault (single-flight).
   *
   * @throws SecretDisabled if the vault secret is disabled.
   */
  hashOf(secretName: string): Promise<string>;
  /** Reads the state of a vault secret, without the cache. */
  stateOf(secretName: string, context: RequestContext): Promise<"enabled" | "disabled" | "missing">;
  /** Disables a vault secret that no row names any more. Defence in depth: the row has already decided. Idempotent. */
  disable(secretName: string, context: RequestContext): Promise<void>;
  /** Moves the expiry date of a vault secret to the whole length again, once less than half of it is left. Nothing without the setting. */
  renewExpiry(secret: Pick<ListedSecret, "name" | "expiresAt">, context: RequestContext): Promise<void>;
  /** Reads a secret that does not exist, to check the network and the role. */
  probe(context: RequestContext): Promise<void>;
}

/**
 * Creates the store over the vault of secret hashes. With `expiryDays` every write sets an expiry date, for a tenant whose policy demands
 * one. A secret of a client lives for good, so the sweep renews the date. Nothing else depends on it: Key Vault returns an expired secret
 * (learn.microsoft.com, "About Azure Key Vault secrets", date-time controlled operations).
 */
export function createSecretStore(
  vault: SecretVault,
  retry: RetryPolicy,
  clock: Clock,
  expiryDays?: number,
): SecretStore {
  const expiryMs = expiryDays === undefined ? undefined : expiryDays * 24 * 3_600_000;
  const expiry = () => (expiryMs === undefined ? {} : { expiresOn: new Date(clock.now().getTime() + expiryMs) });

  /** Reads a vault secret. The answer is believed only for the name that was asked for: its hash decides who a client is. */
  const get = async (secretName: string, isAnswer: (error: unknown) => boolean, context: RequestContext) => {
    const run = (abortSignal: AbortSignal) => vault.getSecret(secretName, { abortSignal });
    const secret = await retry({ name: "vault get secret", run, isAnswer }, context);
    if (secret.name !== secretName) throw answerMismatch("vault get secret", context);
    return secret;
  };
  const read = async (secretName: string, context: RequestContext): Promise<string> => {
    try {
      const { value = "" } = await get(secretName, isSecretDisabled, context);
      if (isSecretHash(value)) return value;
    } catch (error) {
      if (isSecretDisabled(error)) throw new SecretDisabled(undefined, { cause: error });
      throw error;
    }
    context.alarm("secret_damaged", "vault secret does not hold a secret hash");
    throw new Unavailable("secret_damaged");
  };
  const stateOf: SecretStore["stateOf"] = async (secretName, context) => {
    try {
      await get(secretName, (error) => isSecretDisabled(error) || isSecretMissing(error), context);
      return "enabled";
    } catch (error) {
      if (isSecretDisabled(error)) return "disabled";
      if (isSecretMissing(error)) return "missing";
      throw error;
    }
  };
  /** Changes the newest version of a vault secret, unless it is disabled. A policy may check this write as well, so it sets the date too. */
  const update = async (call: string, secretName: string, changes: { enabled?: false }, context: RequestContext) => {
    try {
      const { properties } = await get(secretName, isSecretDisabled, context);
      const run = (abortSignal: AbortSignal) =>
        vault.updateSecretProperties(secretName, properties.version ?? "", { ...changes, ...expiry(), abortSignal });
      await retry({ name: call, run }, context);
    } catch (error) {
      if (!isSecretDisabled(error)) throw error;
    }
  };
  const hashes = new Memo<string>({ maxEntries: MAX_CACHED_HASHES, maxAgeMs: HASH_CACHE_MAX_AGE_MS }, clock);

  return {
    async put(clientId, secretHash, context) {
      const secretName = SECRET_NAME_PREFIX + randomBytes(16).toString("hex");
      const run = (abortSignal: AbortSignal) =>
        vault.setSecret(secretName, secretHash, { tags: { client_id: clientId }, ...expiry(), abortSignal });
      await retry({ name: "vault set secret", run }, context);
      const written = await read(secretName, context).catch((error) => {
        throw error instanceof SecretDisabled
          ? new Unavailable("secret_not_written", { note: "disabled", cause: error })
          : error;
      });
      if (written !== secretHash) throw new Unavailable("secret_not_written", { note: "reads back differently" });
      return secretName;
    },

    hashOf: (secretName) =>
      // Not in the context of the first caller: its deadline would end the read for the others.
      hashes.get(secretName, () => read(secretName, backgroundContext(clock, HASH_READ_TIMEOUT_MS))),

    disable: (secretName, context) => update("vault disable secret", secretName, { enabled: false }, context),

    async renewExpiry({ name, expiresAt }, context) {
      const leftMs = (expiresAt?.getTime() ?? 0) - clock.now().getTime();
      if (expiryMs === undefined || leftMs > expiryMs / 2) return;
      await update("vault renew secret", name, {}, context);
    },

    stateOf,

    async probe(context) {
      await stateOf("health-probe", context);
    },
  };
}

/** Tells a disabled secret from a missing role: Key Vault answers both with 403, and only the inner code differs. */
function isSecretDisabled(error: unknown): boolean {
  return statusOf(error) === 403 && errorCodesOf(error).innerCode === "SecretDisabled";
}

/** Tells a missing secret by the code: a 404 without it, such as one of a proxy, says nothing about the secret. */
function isSecretMissing(error: unknown): boolean {
  return statusOf(error) === 404 && errorCodesOf(error).code === "SecretNotFound";
}

/** Disables a replaced vault secret. Best effort: the change is committed, so a failure raises an alarm and is left to the sweep. */
export async function disableSecret(
  { secrets, clock }: { secrets: Pick<SecretStore, "disable">; clock: Clock },
  secretName: string,
  context: RequestContext,
): Promise<void> {
  const disable = (signal: AbortSignal) => secrets.disable(secretName, { ...context, signal });
  await withDeadline(clock, SECRET_DISABLE_TIMEOUT_MS, disable, context.signal).catch((error) => {
    context.alarm("secret_not_locked", error instanceof Unavailable ? error.message : "not in time");
  });
}
