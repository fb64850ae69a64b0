import type { AccessToken, TokenCredential } from "@azure/identity";
import type { Clock } from "../request/clock.ts";
import { withDeadline } from "../request/deadline.ts";
import { Memo } from "../request/memo.ts";
import { IDENTITY_TOKEN_TIMEOUT_MS } from "../request/time-limits.ts";

/**
 * Adds a deadline and single-flight to a credential. A request for a managed identity token has no deadline of its own, and the SDKs wait
 * for one that hangs: one lost answer would block a process for ever.
 */
export function boundedCredential(credential: TokenCredential, clock: Clock): TokenCredential {
  const pending = new Memo<AccessToken | null>({ maxEntries: 100, maxAgeMs: 0 }, clock);

  return {
    getToken: (scopes, options) =>
      pending.get([scopes].flat().join(" "), () =>
        // Not with the signal of the first caller, whose abort would end the request for the others.
        withDeadline(clock, IDENTITY_TOKEN_TIMEOUT_MS, (abortSignal) =>
          credential.getToken(scopes, { ...options, abortSignal }),
        ),
      ),
  };
}
