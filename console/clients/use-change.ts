import { useState } from "react";
import { type ApiError, toApiError } from "../api/api-error.ts";

/** Something that is being changed, at most once at a time. */
export interface Change {
  pending: boolean;
  error: ApiError | undefined;
  /** Makes the change and hands its result on. It is never made again by itself: a second one may undo what the first one showed. */
  run<T>(change: () => Promise<T>, onDone: (result: T) => void): Promise<void>;
}

/** Makes changes, and keeps how the last one failed. */
export function useChange(): Change {
  const [pending, setPending] = useState(false);
  const [error, setError] = useState<ApiError>();
  return {
    pending,
    error,
    async run(change, onDone) {
      if (pending) return;
      setPending(true);
      setError(undefined);
      try {
        onDone(await change());
      } catch (cause) {
        const failure = toApiError(cause);
        // The session itself asks for a new sign-in, and nothing was changed.
        if (failure.kind !== "signed-out") setError(failure);
      } finally {
        setPending(false);
      }
    },
  };
}
