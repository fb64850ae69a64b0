const MAX_LENGTH = 400;

/** The step after a refusal, by the number of Entra's code (learn.microsoft.com/entra/identity-platform/reference-error-codes). */
const STEPS: Readonly<Record<string, string>> = {
  50105: "Ask for the admin role of SoCMate to be assigned to you, then sign in again.",
  65001: "Ask an administrator of your organization to consent for this page, then sign in again.",
  65004: "Sign in again and accept, or ask an administrator of your organization to consent for everybody.",
  90094: "Ask an administrator of your organization to consent for this page, then sign in again.",
  53003:
    "A rule of your organization for sign-ins does not allow this one. Ask its administrators which device or place it needs.",
  700016: "This page has a wrong application ID. Tell whoever runs SoCMate.",
};
const ANY_STEP = "Sign in again. If it is refused again, send this message to the administrators of your organization.";

/** Words a refusal by Entra ID: its code, its own words without the lines for its support, and the next step. */
export function refusalWords(errorCode: string, errorMessage: string): string {
  const code = /AADSTS(?<number>\d+)/u.exec(errorMessage)?.groups?.number;
  const words = (errorMessage.split(/Trace ID:|\n|\r/u)[0] ?? "").trim().slice(0, MAX_LENGTH);
  const step = (code && STEPS[code]) ?? (errorCode === "access_denied" ? STEPS[65_004] : undefined) ?? ANY_STEP;
  return `${words || errorCode} – ${step}`;
}
