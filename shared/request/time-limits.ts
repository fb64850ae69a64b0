// Every timeout, age and pause of the service apart from those of signing/, in one file: together they decide how the service behaves in
// an outage, and most of them depend on each other. docs/operations.md has a table of them.

// A request and its answer.

/** A token request has to be answered within 5 s; the rest is left for the network. */
export const TOKEN_REQUEST_TIMEOUT_MS = 4_500;
/** A change makes several calls to Azure in sequence, each with up to two tries. */
export const ADMIN_REQUEST_TIMEOUT_MS = 15_000;
/** Longer than `HEALTH_PROBE_TIMEOUT_MS`: a probe that times out is still reported. */
export const PUBLIC_REQUEST_TIMEOUT_MS = 5_000;
/** `Retry-After` is a whole number of seconds, and 0 would ask for a busy loop. */
export const MIN_RETRY_AFTER_SECONDS = 1;
/** Where Azure states no time: the length of one try. */
export const DEFAULT_RETRY_AFTER_SECONDS = 2;
/** A caller that comes back too early costs one refused request; one that waits for minutes misses the recovery. */
export const MAX_RETRY_AFTER_SECONDS = 60;
/** For a failure that lasts until an operator acts, such as a wrong setting or a missing role: that takes a minute at least. */
export const OPERATOR_RETRY_AFTER_SECONDS = 60;

// Calls to Azure and to the admin issuer.

/** Two tries of one call fit into a token request. */
export const AZURE_TRY_TIMEOUT_MS = 2_000;
/** Backoff before the retry, short enough that both tries fit into a token request. */
export const MIN_BACKOFF_MS = 50;
/** The random part of that backoff spreads the retries of requests that failed together. */
export const BACKOFF_JITTER_MS = 100;
/** A longer `Retry-After` is passed on to the caller: a request that waits for it has no time left for the retry. */
export const MAX_RETRY_PAUSE_MS = 1_000;
/** Equal to `AZURE_TRY_TIMEOUT_MS`: the token is fetched within a try. */
export const IDENTITY_TOKEN_TIMEOUT_MS = 2_000;
/** Below the four minutes after which Azure's load balancers forget an idle connection. */
export const AZURE_KEEP_ALIVE_MS = 3 * 60_000;
/** The fetch is part of an admin request, which calls Azure afterwards. */
export const ADMIN_KEYS_TIMEOUT_MS = 2_000;
/** Long enough that an outage costs the issuer a dozen fetches a minute from an instance, short enough for an administrator to wait. */
export const ADMIN_KEYS_COOLDOWN_SECONDS = 5;

// Admin tokens. Entra ID gives them 60–90 minutes, and dates iat and nbf five minutes back.

/** The longest life that a token lifetime policy of Entra ID can set. */
export const ADMIN_TOKEN_MAX_LIFETIME_SECONDS = 24 * 3_600;
/** The clocks of the issuer and of this machine may differ. A token from the far future would outlive its bound. */
export const ADMIN_TOKEN_MAX_IAT_AHEAD_SECONDS = 5 * 60;
/** A clock that is a moment behind must not refuse a new token. */
export const ADMIN_TOKEN_NBF_TOLERANCE_SECONDS = 60;

// Clients and their secrets.

/** Two tries and the pause between them: the read is shared (single-flight), so no caller's deadline applies to it. */
export const HASH_READ_TIMEOUT_MS = 5_000;
/** Bounds how long a vault secret that was disabled by hand is still accepted by an instance that has its hash. */
export const HASH_CACHE_MAX_AGE_MS = 10 * 60_000;
/** Best effort: the change is committed, so a slow vault must not delay its answer. */
export const SECRET_DISABLE_TIMEOUT_MS = 2_000;
/** The length of one try: best effort, since a later use is written as well. */
export const USAGE_WRITE_TIMEOUT_MS = 2_000;
/** Bounds the writes per client; administrators need the time of the last use to the minute. */
export const USAGE_WRITE_INTERVAL_MS = 60_000;

// The sweep.

/** The time up to `SWEEP_FUNCTION_TIMEOUT_MS` is left for the page of secrets that is being examined. */
export const SWEEP_RUN_MS = 4 * 60_000;
/** Below `functionTimeout` in host.json (5 min), at which the host restarts the worker. */
export const SWEEP_FUNCTION_TIMEOUT_MS = 290_000;
/** A day has 24 runs, and a run gets through some hundred thousand vault secrets. */
export const SWEEP_OVERDUE_MS = 24 * 3_600_000;
/** Far above the life of any request: a secret that no row names at this age is named by none later. */
export const ORPHANED_SECRET_MIN_AGE_MS = 24 * 3_600_000;

// Health.

/** The length of two tries of a call. */
export const HEALTH_PROBE_TIMEOUT_MS = 4_000;
/** Health is public, so the number of probes must not depend on the number of requests. */
export const HEALTH_REPORT_MAX_AGE_MS = 10_000;
/** Equal to `HEALTH_REPORT_MAX_AGE_MS`: an earlier request gets the same report. */
export const HEALTH_RETRY_AFTER_SECONDS = 10;

// Caches of callers.

/**
 * ASP.NET Core keeps a key set for 12 h and up to a twentieth more, whatever its `max-age` is (Microsoft.IdentityModel.Protocols 8.19,
 * ConfigurationManager.cs, UpdateConfiguration). No other verifier that fetches no key set for an unknown `kid` keeps one for longer.
 */
export const LONGEST_KEY_SET_CACHE_SECONDS = 45_360;

/** As long as the JWKS, which verifiers fetch together with the metadata. */
export const METADATA_MAX_AGE_SECONDS = 300;
/** One year, the usual value for a file that never changes: the name of an asset contains a hash of its content. */
export const CONSOLE_ASSET_MAX_AGE_SECONDS = 31_536_000;

/** One year, the usual value: a browser that comes back within it never asks without TLS. */
export const STRICT_TRANSPORT_MAX_AGE_SECONDS = 31_536_000;

// The HTTP server in the worker.

/** Above the one minute for which the host keeps an idle connection: a request never meets a connection that is being closed. */
export const WORKER_KEEP_ALIVE_MS = 120_000;
/** Far above the milliseconds between an invocation and its request, which come in either order. */
export const FORWARDED_REQUEST_MAX_WAIT_MS = 10_000;
/** About as long as the host goes on trying to forward a request that it cannot forward. */
export const UNFORWARDABLE_REQUEST_MAX_WAIT_MS = 2_000;
/** A body of the size that the host forwards arrives within this time unless it stalls. */
export const UNREAD_BODY_MAX_DRAIN_MS = 5_000;

// Bounds of app settings.

/** A disabled client keeps its last token for this long at most. */
export const MAX_TOKEN_LIFETIME_SECONDS = 3_600;
/** Half of it, after which the sweep renews, leaves two weeks for a sweep that fails. */
export const MIN_SECRET_HASH_EXPIRY_DAYS = 30;
export const MAX_SECRET_HASH_EXPIRY_DAYS = 3_650;
/** On a loopback issuer: enough to watch a rotation. */
export const MIN_KEY_PUBLISH_LEAD_SECONDS = 10;
