import { useEffect } from "react";

/**
 * While a secret is in sight: the browser asks before the page is left, and whatever takes the secret out of sight (another entry
 * of the history, or the page kept for the Back button) calls `onLeave`, which must forget it.
 */
export function useLeaveGuard(onLeave: () => void): void {
  useEffect(() => {
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener("beforeunload", ask);
    addEventListener("pagehide", onLeave);
    addEventListener("popstate", onLeave);
    return () => {
      removeEventListener("beforeunload", ask);
      removeEventListener("pagehide", onLeave);
      removeEventListener("popstate", onLeave);
    };
  }, [onLeave]);
}
