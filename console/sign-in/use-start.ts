import { useState } from "react";
import { type ApiError, toApiError } from "../api/api-error.ts";
import type { Account, SignIn } from "./sign-in.ts";

/** The state of a sign-in that a click starts. */
export interface Start {
  pending: boolean;
  error: ApiError | undefined;
  run(): Promise<void>;
}

/** Starts the sign-in and keeps its error, at first that of the sign-in before. */
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
