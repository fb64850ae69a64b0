import { useState } from "react";
import { type ApiError, toApiError } from "../api/api-error.ts";
import type { Account, SignIn } from "./sign-in.ts";

/** A sign-in that a click starts. */
export interface Start {
  pending: boolean;
  error: ApiError | undefined;
  run(): Promise<void>;
}

/** Starts the sign-in, and keeps how it failed; at first how the one before did. */
export function useStart(signIn: SignIn, onSignedIn: (account: Account) => void, before?: ApiError): Start {
  const [pending, setPending] = useState(false);
  const [error, setError] = useState(before);
  return {
    pending,
    error,
    async run() {
      setPending(true);
      setError(undefined);
      try {
        onSignedIn(await signIn.start());
      } catch (cause) {
        setError(toApiError(cause));
        setPending(false);
      }
    },
  };
}
