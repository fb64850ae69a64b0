import { useCallback, useEffect, useState } from "react";
import { type ApiError, toApiError } from "../api/api-error.ts";

/** The state of data that is fetched to be shown. */
export interface Request<T> {
  /** The last data, also while it is fetched again. */
  data: T | undefined;
  error: ApiError | undefined;
  pending: boolean;
  reload(): void;
}

interface Result<T> {
  data: T | undefined;
  error: ApiError | undefined;
  /** The `ask` that this is the result of. An older one than the current makes the result an old one. */
  ask: object | undefined;
}

/**
 * Fetches data with `run`: at first, when `run` or the version of the data changes, and on a reload. Earlier requests are aborted. A
 * read is harmless, so a failed one is repeated after the time in `Retry-After`, or when the network is back.
 */
export function useRequest<T>(run: (signal: AbortSignal) => Promise<T>, version = 0): Request<T> {
  const [ask, setAsk] = useState({ run, version });
  if (ask.run !== run || ask.version !== version) setAsk({ run, version });
  const [result, setResult] = useState<Result<T>>({ data: undefined, error: undefined, ask: undefined });
  const reload = useCallback(() => setAsk((current) => ({ ...current })), []);

  useEffect(() => {
    const abort = new AbortController();
    ask
      .run(abort.signal)
      .then(
        (data) => ({ data, error: undefined }),
        (error) => ({ error: noticeOf(toApiError(error)) }),
      )
      .then((outcome) => {
        if (!abort.signal.aborted) setResult((last) => ({ data: last.data, ...outcome, ask }));
      });
    return () => abort.abort();
  }, [ask]);

  const { error } = result;
  useEffect(() => {
    if (!error) return;
    const wait = error.retryAfterSeconds;
    const timer = wait === undefined ? undefined : setTimeout(reload, wait * 1000);
    addEventListener("online", reload);
    return () => {
      clearTimeout(timer);
      removeEventListener("online", reload);
    };
  }, [error, reload]);

  return { data: result.data, error, pending: result.ask !== ask, reload };
}

/** Returns the error, unless it is the end of the session, which has a dialog of its own. */
function noticeOf(error: ApiError): ApiError | undefined {
  return error.kind === "signed-out" ? undefined : error;
}
