import { HttpError } from "../server/http-server.ts";

const WINDOW_MS = 10_000;

/** How many operations of a kind a vault takes in ten seconds. */
export interface VaultLimits {
  readonly signatures: number;
  readonly secretReads: number;
  readonly secretWrites: number;
}

/** What Key Vault takes of RSA 2048 keys in software, and of secrets, for each vault. */
export const AZURE_LIMITS: VaultLimits = { signatures: 4_000, secretReads: 4_000, secretWrites: 300 };

const KINDS: Readonly<Record<string, keyof VaultLimits>> = {
  "POST keys name sign": "signatures",
  "GET secrets name": "secretReads",
  "PUT secrets name": "secretWrites",
};

/** Makes what a vault asks before each operation: it throws the answer of a vault that is asked too often. */
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
