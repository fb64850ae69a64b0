import { useCallback, useEffect, useState } from "react";
import { type ApiError, toApiError } from "../api/api-error.ts";

/** Something that is fetched for showing it. */
export interface Request<T> {
  /** What was fetched last; stays while it is fetched again. */
  data: T | undefined;
  error: ApiError | undefined;
  pending: boolean;
  reload(): void;
}

interface Result<T> {
  data: T | undefined;
  error: ApiError | undefined;
  /** What asked for it: as long as it is not the current `ask`, the result is an old one. */
  ask: object | undefined;
}

/**
 * Fetches with `run`, again whenever `run` or the version of what it fetches changes, or a reload is asked for; earlier requests
 * are aborted. After a failure that may pass it tries again when the service said so, or when the network is back: reading twice
 * does no harm.
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

/** The error, unless the session itself says it and asks for a new sign-in. */
function noticeOf(error: ApiError): ApiError | undefined {
  return error.kind === "signed-out" ? undefined : error;
}
