import type { AccessToken, TokenCredential } from "@azure/identity";
import type { Clock } from "../request/clock.ts";
import { withDeadline } from "../request/deadline.ts";
import { Memo } from "../request/memo.ts";
import { IDENTITY_TOKEN_TIMEOUT_MS } from "../request/time-limits.ts";

/**
 * Makes a credential whose requests come to an end. Those of a managed identity have no deadline of their own, and Azure's
 * clients keep waiting for one that hangs, so that a single lost answer would stop a process for good. Callers that need a
 * token for the same scopes at once share one request.
 */
export function boundedCredential(credential: TokenCredential, clock: Clock): TokenCredential {
  const pending = new Memo<AccessToken | null>({ maxEntries: 100, maxAgeMs: 0 }, clock);

  return {
    getToken: (scopes, options) =>
      pending.get([scopes].flat().join(" "), () =>
        // Not with the first caller's signal: the others would be aborted with it.
        withDeadline(clock, IDENTITY_TOKEN_TIMEOUT_MS, (abortSignal) =>
          credential.getToken(scopes, { ...options, abortSignal }),
        ),
      ),
  };
}
