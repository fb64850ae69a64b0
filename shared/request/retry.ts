import type { Clock } from "./clock.ts";
import type { RequestContext } from "./context.ts";
import { withDeadline } from "./deadline.ts";
import { PublicError, type PublicErrorDetails, type Reason } from "./public-error.ts";

/** One call to Azure may take this long. Two tries of one call fit into the time of a token request. */
const TRY_TIMEOUT_MS = 2_000;
/** What a caller is told to wait where Azure said nothing. */
const DEFAULT_RETRY_AFTER_SECONDS = 2;
const MAX_RETRY_AFTER_SECONDS = 60;
/** A longer wait than this is passed on to the caller rather than sat out. */
const MAX_PAUSE_MS = 1_000;
/** Backoff with jitter, where Azure says nothing of a time. */
const MIN_PAUSE_MS = 50;
const JITTER_MS = 100;
/** Each call earns a tenth of a retry, at most ten are saved: in an outage retries add a tenth to the load, not double it. */
const RETRIES_PER_CALL = 0.1;
const MAX_SAVED_RETRIES = 10;

/** A failure of ours or of Azure: slow, down, throttled, forbidden or inconsistent. Told as 503, never as the caller's fault. */
export class Unavailable extends PublicError {
  override readonly name = "Unavailable";

  /** The wait is kept within 1–60 seconds; `detail` is for where more can be said than "try again". */
  constructor(
    reason: Reason,
    { retryAfterSeconds = DEFAULT_RETRY_AFTER_SECONDS, ...details }: UnavailableDetails = {},
  ) {
    const wait = Math.min(Math.max(Math.ceil(retryAfterSeconds), 1), MAX_RETRY_AFTER_SECONDS);
    super(503, { ...details, reason, retryAfterSeconds: wait });
  }
}

type UnavailableDetails = Omit<PublicErrorDetails, "reason">;

/** One call to Azure. */
export interface Operation<T> {
  /** What the log calls it, e.g. `table get`. */
  name: string;
  run(signal: AbortSignal): Promise<T>;
  /** Tells an error that is an answer from one that is a fault; an answer is thrown as it is. */
  isAnswer?(error: unknown): boolean;
  /** 1 where there is a better way to try again. */
  tries?: 1;
}

/**
 * Runs one call to Azure: with a deadline, and once more if it timed out, was reset, throttled or failed on the other side,
 * as long as the request has time and the process has retries to spend. A write whose first try was applied although it
 * seemed to fail may meet itself in the second: read the row before believing a 409 or 412.
 *
 * @throws Unavailable for everything but an expected error.
 */
export type RetryPolicy = <T>(operation: Operation<T>, context: RequestContext) => Promise<T>;

/** Makes the process's {@link RetryPolicy}, with its retry budget. */
export function createRetryPolicy(clock: Clock): RetryPolicy {
  let savedRetries = MAX_SAVED_RETRIES;

  const spendRetry = () => {
    if (savedRetries < 1) return false;
    savedRetries -= 1;
    return true;
  };

  /** How long to wait before another try; `undefined` if there is to be none. */
  const pauseBefore = (error: unknown) => {
    const pauseMs = retryAfterMs(error) ?? MIN_PAUSE_MS + JITTER_MS * Math.random();
    return isTransient(statusOf(error)) && pauseMs <= MAX_PAUSE_MS && spendRetry() ? pauseMs : undefined;
  };

  return async ({ name, run, isAnswer, tries }, context) => {
    savedRetries = Math.min(savedRetries + RETRIES_PER_CALL, MAX_SAVED_RETRIES);
    const { signal } = context;
    const once = async () => {
      try {
        return await withDeadline(clock, TRY_TIMEOUT_MS, run, signal);
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
      return once();
    }
  };
}

/** What an {@link Unavailable} was made from, if Azure threw something. */
export function causeOf(error: unknown): unknown {
  return error instanceof Unavailable ? error.cause : undefined;
}

/** The HTTP status that Azure answered with, if it was an answer. `code` is not set on every Azure error; the status is. */
export function statusOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("statusCode" in error)) return undefined;
  return typeof error.statusCode === "number" ? error.statusCode : undefined;
}

function toUnavailable(name: string, error: unknown, context: RequestContext): Unavailable {
  const status = statusOf(error);
  const retryAfter = retryAfterMs(error);
  const note = `${name}: ${status ?? codeOf(error)}`;
  const retryAfterSeconds = retryAfter === undefined ? undefined : retryAfter / 1000;
  if (isTransient(status)) return new Unavailable("azure_unavailable", { note, retryAfterSeconds, cause: error });
  // A definite refusal will not pass by itself: a lost role, a wrong address.
  context.alarm("azure_refused", note);
  return new Unavailable("azure_refused", { note, retryAfterSeconds, cause: error });
}

/** What an error without an answer is called: why a connection failed, where that is known. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "failed";
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}

/** A fault that may be over at the next try: no answer at all, a time-out, throttling, a failure on the other side. */
function isTransient(status: number | undefined): boolean {
  return status === undefined || status === 408 || status === 429 || status >= 500;
}

/** Reads `Retry-After` in either form (RFC 9110 §10.2.3), and Azure's own header in milliseconds. */
export function retryAfterMs(error: unknown): number | undefined {
  const headers = headersOf(error);
  const milliseconds = Number(headers?.get("retry-after-ms") ?? Number.NaN);
  if (milliseconds >= 0) return milliseconds;
  const value = headers?.get("retry-after");
  if (!value) return undefined;
  const seconds = Number(value);
  // A date is counted from that of the answer itself, so that no clock of ours matters.
  const wait = Number.isNaN(seconds) ? Date.parse(value) - Date.parse(headers?.get("date") ?? "") : seconds * 1000;
  return Number.isNaN(wait) ? undefined : Math.max(wait, 0);
}

function headersOf(error: unknown): { get(name: string): string | undefined } | undefined {
  return (error as { response?: { headers?: { get(name: string): string | undefined } } } | undefined)?.response
    ?.headers;
}
