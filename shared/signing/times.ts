// How long a request waits for a signature.

/** For room in a vault, so that the vault still has time to sign before the deadline of the request. */
export const MAX_WAIT_MS = 2_500;
/** For the end of a pause of all vaults; a longer one is told to the caller immediately. */
export const MAX_WAITED_PAUSE_MS = 1_000;

// How long a vault that throttles or fails is left alone.

/** The first pause; each further one in a row is twice as long (exponential backoff). */
export const FIRST_BACKOFF_MS = 100;
export const MAX_BACKOFF_MS = 10_000;
/** A longer `Retry-After` is cut to this: to try costs one call. */
export const MAX_RETRY_AFTER_MS = 60_000;

// How the list of key versions is read. It is read again after `REFRESH_MS`.

/** The deadline of one reading, with the keys that are new in it. */
export const LIST_TIMEOUT_MS = 10_000;
/** A request waits no longer than this for a new list if there is an older one. */
export const MAX_REFRESH_WAIT_MS = 1_000;
/** From a failed reading to the next one. */
export const LIST_RETRY_MS = 10_000;
/** After a failed reading, no request waits for the next one for this long. */
export const FAILURE_REMEMBERED_MS = 30_000;
/** From one reading to the next that is urgent, since the vault refused to sign or nothing can sign. */
export const URGENT_REFRESH_MS = 1_000;

// When the age of a key raises an alarm.

/** The days that an expiry is measured in. */
export const DAY_MS = 24 * 3_600_000;
/** Key Vault renews the key every 90 days; a key that has signed for twice as long raises an alarm. */
export const MAX_KEY_AGE_MS = 180 * DAY_MS;
/** So many days before its expiry, a key that no newer version replaces raises an alarm. */
export const EXPIRY_ALARM_DAYS = [1, 7, 30];

// What the key ring is made of; `keyTimes()` shortens these for a short lead.

/** A list of versions is used for this long before it is read again. */
export const REFRESH_MS = 5 * 60_000;
/** Verifiers may keep a key set for this long. */
export const JWKS_MAX_AGE_MS = 5 * 60_000;
/** The clock of an instance may differ from a vault's by this much. */
export const CLOCK_SKEW_MS = 60_000;
/** A list that cannot be read again is used for this long. */
export const LIST_KEPT_MS = 24 * 3_600_000;
/** A key is published for this long after its last token has expired. */
export const KEEP_MARGIN_MS = 2 * 3_600_000;
/** Key Vault cuts off what a creation time has beyond whole seconds. */
export const CREATION_ROUNDING_MS = 1_000;
