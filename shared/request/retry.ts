import { detailOf, noteOf, type Refusal, remedyOf, shownCodeOf } from "./azure-refusal.ts";
import type { Clock } from "./clock.ts";
import type { RequestContext } from "./context.ts";
import { withDeadline } from "./deadline.ts";
import { PublicError, type PublicErrorDetails, type Reason } from "./public-error.ts";
import {
  AZURE_TRY_TIMEOUT_MS,
  BACKOFF_JITTER_MS,
  DEFAULT_RETRY_AFTER_SECONDS,
  MAX_RETRY_AFTER_SECONDS,
  MAX_RETRY_PAUSE_MS,
  MIN_BACKOFF_MS,
  MIN_RETRY_AFTER_SECONDS,
} from "./time-limits.ts";

/** The retry budget: a call earns a tenth of a retry, at most ten are saved. In an outage retries add a tenth to the load. */
const RETRIES_PER_CALL = 0.1;
const MAX_SAVED_RETRIES = 10;

/** A failure of the service or of Azure: slow, down, throttled, forbidden or inconsistent. The answer is 503, never a 4xx. */
export class Unavailable extends PublicError {
  override readonly name = "Unavailable";

  /**
   * Bounds the wait to 1–60 seconds; `never` is for a failure that lasts until an operator acts. `detail` is for a failure about which
   * more can be said than "try again".
   */
  constructor(
    reason: Reason,
    { retryAfterSeconds = DEFAULT_RETRY_AFTER_SECONDS, ...details }: UnavailableDetails = {},
  ) {
    super(503, { ...details, reason, retryAfterSeconds: bounded(retryAfterSeconds) });
  }
}

interface UnavailableDetails extends Omit<PublicErrorDetails, "reason" | "retryAfterSeconds"> {
  readonly retryAfterSeconds?: number | "never" | undefined;
}

function bounded(seconds: number | "never"): number | undefined {
  if (seconds === "never") return undefined;
  return Math.min(Math.max(Math.ceil(seconds), MIN_RETRY_AFTER_SECONDS), MAX_RETRY_AFTER_SECONDS);
}

/**
 * A definite refusal by Azure: a role, a network rule, a policy, a wrong address. Azure refused every try of the call, so nothing of it
 * was applied. The status stays 503, since the caller has done nothing wrong and a role assignment that takes effect ends the failure.
 */
export class AzureRefused extends Unavailable {
  constructor(refusal: Refusal, cause: unknown) {
    super("azure_refused", { detail: detailOf(refusal), note: noteOf(refusal), retryAfterSeconds: "never", cause });
  }
}

/** One call to Azure. */
export interface Operation<T> {
  /** Its name in the log, e.g. `table get`. */
  name: string;
  run(signal: AbortSignal): Promise<T>;
  /** Tells an expected error, such as 404, from a fault. An expected error is thrown unchanged. */
  isAnswer?(error: unknown): boolean;
  /** 1 where the caller has a better way to retry, such as another vault. */
  tries?: 1;
}

/**
 * Runs one call to Azure with a deadline, and retries it once after a timeout, a reset, throttling or a failure of the server, within
 * the deadline of the request and the retry budget of the process. A retried write is not idempotent: if its first try was applied
 * without an answer, the second conflicts with it. Read the row before relying on a 409 or 412.
 *
 * @throws AzureRefused if Azure refused the call definitely, and Unavailable for every other error that is not expected.
 */
export type RetryPolicy = <T>(operation: Operation<T>, context: RequestContext) => Promise<T>;

/** Creates the {@link RetryPolicy} of a process, with its retry budget. */
export function createRetryPolicy(clock: Clock): RetryPolicy {
  let savedRetries = MAX_SAVED_RETRIES;

  const spendRetry = () => {
    if (savedRetries < 1) return false;
    savedRetries -= 1;
    return true;
  };

  /** Returns the pause before the second try, or `undefined` if there is no second try. */
  const pauseBefore = (error: unknown) => {
    // Backoff with jitter, where Azure states no time.
    const pauseMs = retryAfterMs(error) ?? MIN_BACKOFF_MS + BACKOFF_JITTER_MS * Math.random();
    return isTransient(statusOf(error)) && pauseMs <= MAX_RETRY_PAUSE_MS && spendRetry() ? pauseMs : undefined;
  };

  return async ({ name, run, isAnswer, tries }, context) => {
    savedRetries = Math.min(savedRetries + RETRIES_PER_CALL, MAX_SAVED_RETRIES);
    const { signal } = context;
    const once = async () => {
      try {
        return await withDeadline(clock, AZURE_TRY_TIMEOUT_MS, run, signal);
      } catch (error) {
        throw isAnswer?.(error) ? error : toUnavailable(name, error, context);
      }
    };
    try {
      return await once();
    } catch (error) {
      const mayRetry = error instanceof Unavailable && tries !== 1 && !signal.aborted;
      const pauseMs = mayRetry ? pauseBefore(error.cause) : undefined;
      if (pauseMs === undefined) throw error;
      await clock.sleep(pauseMs, signal).catch(() => {
        throw error;
      });
      return await once().catch((second) => {
        // The first try may have been applied, and an `AzureRefused` promises that nothing was.
        throw second instanceof AzureRefused ? error : second;
      });
    }
  };
}

/** Returns the error of Azure behind an {@link Unavailable}, if there is one. */
export function causeOf(error: unknown): unknown {
  return error instanceof Unavailable ? error.cause : undefined;
}

/** Returns the HTTP status of an answer of Azure. An error that is an answer always has a status, but not always a `code`. */
export function statusOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("statusCode" in error)) return undefined;
  return typeof error.statusCode === "number" ? error.statusCode : undefined;
}

/** Creates the failure of a call whose answer is for something else than was asked for: a fault on the way to Azure. Raises an alarm. */
export function answerMismatch(name: string, context: RequestContext): Unavailable {
  context.alarm("answer_mismatch", name);
  return new Unavailable("answer_mismatch", { note: name });
}

function toUnavailable(call: string, error: unknown, context: RequestContext): Unavailable {
  const status = statusOf(error);
  if (status === undefined || isTransient(status)) {
    const retryAfter = retryAfterMs(error);
    const retryAfterSeconds = retryAfter === undefined ? undefined : retryAfter / 1000;
    const note = `${call}: ${status ?? codeOf(error)}`;
    return new Unavailable("azure_unavailable", { note, retryAfterSeconds, cause: error });
  }
  const refusal = { call, status, code: shownCodeOf(error) };
  context.alarm("azure_refused", `${noteOf(refusal)}. ${remedyOf(refusal)}`);
  return new AzureRefused(refusal, error);
}

/** Names an error without an answer, by the cause of a failed connection where it is known. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "failed";
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}

/** Tells a fault that a retry may get past: no answer, a timeout, throttling, a failure of the server. */
function isTransient(status: number | undefined): boolean {
  return status === undefined || status === 408 || status === 429 || status >= 500;
}

/** Reads `Retry-After` in either form (RFC 9110 §10.2.3), or Azure's own header in milliseconds. */
export function retryAfterMs(error: unknown): number | undefined {
  const headers = headersOf(error);
  const milliseconds = Number(headers?.get("retry-after-ms") ?? Number.NaN);
  if (milliseconds >= 0) return milliseconds;
  const value = headers?.get("retry-after");
  if (!value) return undefined;
  const seconds = Number(value);
  // Relative to the Date header: independent of the clock of this machine.
  const wait = Number.isNaN(seconds) ? Date.parse(value) - Date.parse(headers?.get("date") ?? "") : seconds * 1000;
  return Number.isNaN(wait) ? undefined : Math.max(wait, 0);
}

function headersOf(error: unknown): { get(name: string): string | undefined } | undefined {
  return (error as { response?: { headers?: { get(name: string): string | undefined } } } | undefined)?.response
    ?.headers;
}
