import { useState } from "react";
import { type ApiError, toApiError } from "../api/api-error.ts";

/** The state of changes, one at a time. */
export interface Change {
  pending: boolean;
  error: ApiError | undefined;
  /** Makes the change and passes its result on. It is never repeated: a second regenerate would invalidate the secret of the first. */
  run<T>(change: () => Promise<T>, onDone: (result: T) => void): Promise<void>;
}

/** Makes changes, and keeps the error of the last one. */
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
