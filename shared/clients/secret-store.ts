import { randomBytes } from "node:crypto";
import * as z from "zod";
import type { Clock } from "../request/clock.ts";
import { backgroundContext, type RequestContext } from "../request/context.ts";
import { withDeadline } from "../request/deadline.ts";
import { Memo } from "../request/memo.ts";
import { type RetryPolicy, statusOf, Unavailable } from "../request/retry.ts";
import { HASH_CACHE_MAX_AGE_MS, HASH_READ_TIMEOUT_MS, SECRET_DISABLE_TIMEOUT_MS } from "../request/time-limits.ts";
import { isSecretHash } from "./client-secret.ts";
import type { CallOptions } from "./client-table.ts";

/** The port to Key Vault's secrets, with the names of Azure's SDK. Errors carry `statusCode` and Azure's code in `details`. */
export interface SecretVault {
  setSecret(
    name: string,
    value: string,
    options: CallOptions & { readonly tags: Record<string, string> },
  ): Promise<unknown>;
  getSecret(
    name: string,
    options?: CallOptions,
  ): Promise<{ readonly value?: string; readonly properties: { readonly version?: string } }>;
  updateSecretProperties(
    name: string,
    version: string,
    options: CallOptions & { readonly enabled: boolean },
  ): Promise<unknown>;
}

/** The names of all our vault secrets begin with this; what does not is not ours. */
export const SECRET_NAME_PREFIX = "client-secret-";
/** Bounds the memory of the cache to a few megabytes. */
const MAX_CACHED_HASHES = 10_000;

/** The vault secret was disabled: someone who could has locked it, so whoever presents that client secret is refused. */
export class SecretDisabled extends Error {
  override readonly name = "SecretDisabled";
}

/**
 * The hashes of client secrets in Key Vault. A vault secret is written once and never changed, so that its name is the version
 * of a client's secret, and its value can be cached. All methods throw {@link Unavailable} for a fault of ours or of the vault.
 */
export interface SecretStore {
  /** Writes a client's hash under a new name and reads it back before returning the name. The tag `client_id` leads back to the row. */
  put(clientId: string, secretHash: string, context: RequestContext): Promise<string>;
  /**
   * The hash under a name, from the cache if it is there.
   *
   * @throws SecretDisabled if the vault secret is disabled.
   */
  hashOf(secretName: string): Promise<string>;
  /** Whether a token could be issued with what the vault has under a name now; the cache is not asked. */
  stateOf(secretName: string, context: RequestContext): Promise<"enabled" | "disabled" | "missing">;
  /** Disables a vault secret that nothing names any more. A second lock: the row has already decided. */
  disable(secretName: string, context: RequestContext): Promise<void>;
  /** Asks the vault for a secret that is not there, to see whether it answers and lets us read. */
  probe(context: RequestContext): Promise<void>;
}

/** Makes the store over the vault of secret hashes. */
export function createSecretStore(vault: SecretVault, retry: RetryPolicy, clock: Clock): SecretStore {
  const read = async (secretName: string, context: RequestContext): Promise<string> => {
    const run = (abortSignal: AbortSignal) => vault.getSecret(secretName, { abortSignal });
    try {
      const { value = "" } = await retry({ name: "vault get secret", run, isAnswer: isSecretDisabled }, context);
      if (isSecretHash(value)) return value;
    } catch (error) {
      if (isSecretDisabled(error)) throw new SecretDisabled(undefined, { cause: error });
      throw error;
    }
    context.alarm("secret_damaged", "vault secret does not hold a secret hash");
    throw new Unavailable("secret_damaged");
  };
  const stateOf: SecretStore["stateOf"] = async (secretName, context) => {
    const run = (abortSignal: AbortSignal) => vault.getSecret(secretName, { abortSignal });
    const isAnswer = (error: unknown) => isSecretDisabled(error) || isSecretMissing(error);
    try {
      await retry({ name: "vault get secret", run, isAnswer }, context);
      return "enabled";
    } catch (error) {
      if (isSecretDisabled(error)) return "disabled";
      if (isSecretMissing(error)) return "missing";
      throw error;
    }
  };
  const hashes = new Memo<string>({ maxEntries: MAX_CACHED_HASHES, maxAgeMs: HASH_CACHE_MAX_AGE_MS }, clock);

  return {
    async put(clientId, secretHash, context) {
      const secretName = SECRET_NAME_PREFIX + randomBytes(16).toString("hex");
      const run = (abortSignal: AbortSignal) =>
        vault.setSecret(secretName, secretHash, { tags: { client_id: clientId }, abortSignal });
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

    async disable(secretName, context) {
      const get = (abortSignal: AbortSignal) => vault.getSecret(secretName, { abortSignal });
      try {
        const { properties } = await retry({ name: "vault get secret", run: get, isAnswer: isSecretDisabled }, context);
        const run = (abortSignal: AbortSignal) =>
          vault.updateSecretProperties(secretName, properties.version ?? "", { enabled: false, abortSignal });
        await retry({ name: "vault disable secret", run }, context);
      } catch (error) {
        if (!isSecretDisabled(error)) throw error;
      }
    },

    stateOf,

    async probe(context) {
      await stateOf("health-probe", context);
    },
  };
}

const errorBody = z.object({
  details: z.object({
    error: z.object({ code: z.string(), innerError: z.object({ code: z.string() }).optional().catch(undefined) }),
  }),
});

function errorIn(error: unknown) {
  return errorBody.safeParse(error).data?.details.error;
}

/** Key Vault says 403 for this and for a role that we lack; only the inner code tells them apart. */
function isSecretDisabled(error: unknown): boolean {
  return statusOf(error) === 403 && errorIn(error)?.innerError?.code === "SecretDisabled";
}

/** A 404 with another code, or with none, did not come from a vault that looked for the secret. */
function isSecretMissing(error: unknown): boolean {
  return statusOf(error) === 404 && errorIn(error)?.code === "SecretNotFound";
}

/** Disables the vault secret of a secret that is dead already. It cannot fail a change that is committed: the sweep catches up. */
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
