import type { ApiError, ApiErrorKind } from "../api/api-error.ts";

const TITLES: Readonly<Record<ApiErrorKind, string>> = {
  offline: "You are offline",
  unreachable: "SoCMate cannot be reached",
  unavailable: "SoCMate cannot answer right now",
  throttled: "You send too many requests",
  "sign-in-refused": "Microsoft Entra ID refused the sign-in",
  "storage-blocked": "The browser blocks what the sign-in needs",
  "signed-out": "Your session has ended",
  forbidden: "You may not manage API clients",
  "not-found": "There is no such API client",
  conflict: "The client has changed in the meantime",
  invalid: "Check what you entered",
  failed: "That did not work",
};

const DETAILS: Partial<Readonly<Record<ApiErrorKind, string>>> = {
  offline: "This goes on as soon as you are back online.",
  unreachable: "No answer came. Check your connection, then try again.",
  "signed-out": "Sign in again to go on.",
  "storage-blocked": "Allow cookies and site data for this page, then reload it.",
  failed: "The service failed. Nothing is wrong with what you did.",
};

/** Added to the server's words, which do not know this page. */
const NEXT_STEPS: Partial<Readonly<Record<ApiErrorKind, string>>> = {
  forbidden: "Ask for the admin role. Once you have it, try again: that works without a new sign-in.",
  throttled: "The limit counts your own requests alone; SoCMate works. Wait a minute.",
};

/** Returns the title of an error. A failure with a reason and without a time to try again lasts until an operator acts. */
export function titleOf({ kind, detail, retryAfterSeconds }: ApiError): string {
  if (kind === "unavailable" && detail && retryAfterSeconds === undefined) return "SoCMate needs an operator";
  return TITLES[kind];
}

/** Returns the text for a read that failed, with the next step. */
export function readingDetailOf({ kind, detail, retryAfterSeconds }: ApiError): string {
  if (kind === "unavailable" && retryAfterSeconds) return "Nothing is wrong on your side. This tries again by itself.";
  return [detail ?? DETAILS[kind], NEXT_STEPS[kind]].filter(Boolean).join(" ");
}

/** Returns the text for a change that failed, with the next step. Without an answer the change may have been made, and this must say so. */
export function changeDetailOf({ kind, detail }: ApiError): string {
  if (kind === "offline")
    return "Nothing was sent, as far as this browser knows. Look at the list before you try again.";
  if (kind === "unreachable")
    return "No answer came. The change may or may not have been made: look at the list before you try again.";
  return [detail ?? DETAILS[kind], NEXT_STEPS[kind]].filter(Boolean).join(" ");
}
