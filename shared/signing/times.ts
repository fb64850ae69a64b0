/** A request waits no longer than this for room in a vault, so that the vault still has time to sign before the deadline. */
export const MAX_WAIT_MS = 2_000;
/** A longer pause of all vaults is told to the caller immediately, rather than waited for. */
export const MAX_WAITED_PAUSE_MS = 1_000;
/** The first pause of a vault that throttles or fails; each further one in a row is twice as long (exponential backoff). */
export const FIRST_BACKOFF_MS = 100;
export const MAX_BACKOFF_MS = 10_000;
/** A longer `Retry-After` is cut to this: to try costs one call. */
export const MAX_RETRY_AFTER_MS = 60_000;
