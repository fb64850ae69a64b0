import { HttpError } from "../server/http-server.ts";

const WINDOW_MS = 10_000;

/** Operations of each kind that a vault accepts in ten seconds. */
export interface VaultLimits {
  readonly signatures: number;
  readonly secretReads: number;
  readonly secretWrites: number;
}

/** Key Vault's limits for one vault, for secrets and for RSA 2048 keys in software. */
export const AZURE_LIMITS: VaultLimits = { signatures: 4_000, secretReads: 4_000, secretWrites: 300 };

const KINDS: Readonly<Record<string, keyof VaultLimits>> = {
  "POST keys name sign": "signatures",
  "GET secrets name": "secretReads",
  "PUT secrets name": "secretWrites",
};

/** Returns the `admit` of a vault with limits: it throws Key Vault's 429 with `Retry-After` when a limit is reached. */
export function enforceLimits(limits: VaultLimits, clock: () => number = Date.now): (operation: string) => void {
  let windowEndsAt = Number.NEGATIVE_INFINITY;
  let used: Record<keyof VaultLimits, number>;

  return (operation) => {
    const kind = KINDS[operation];
    if (!kind) return;
    const now = clock();
    if (now >= windowEndsAt) {
      windowEndsAt = now + WINDOW_MS;
      used = { signatures: 0, secretReads: 0, secretWrites: 0 };
    }
    if (used[kind] < limits[kind]) {
      used[kind] += 1;
      return;
    }
    const message =
      "Request was not processed because too many requests were received. Reason: VaultRequestTypeLimitReached";
    const retryAfter = String(Math.ceil((windowEndsAt - now) / 1_000));
    throw new HttpError(429, { error: { code: "Throttled", message } }, { "retry-after": retryAfter });
  };
}
