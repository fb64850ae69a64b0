import { useEffect, useEffectEvent } from "react";
import { flushSync } from "react-dom";

/**
 * While a secret is in sight: the browser asks before the page is left, and whatever takes the secret out of sight (another entry
 * of the history, or the page kept for the Back button) calls `onLeave`, which must forget it.
 */
export function useLeaveGuard(onLeave: () => void): void {
  // The listeners stay the same for as long as there is a secret: one that is replaced while its event is on the way misses it.
  const leave = useEffectEvent(onLeave);
  useEffect(() => {
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    // At once, before a browser takes the page out of sight to keep it.
    const forget = () => flushSync(leave);
    addEventListener("beforeunload", ask);
    addEventListener("pagehide", forget);
    addEventListener("popstate", forget);
    return () => {
      removeEventListener("beforeunload", ask);
      removeEventListener("pagehide", forget);
      removeEventListener("popstate", forget);
    };
  }, []);
}
