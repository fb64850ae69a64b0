import { useCallback, useEffect, useEffectEvent, useRef } from "react";
import { flushSync } from "react-dom";

const ENTRY = { secret: "shown" };

interface LeaveGuard {
  /** Whether Back may close the dialog without a question. */
  isSafe: boolean;
  onAsk: () => void;
  /** Closes the dialog, which must forget the secret. */
  onClose: () => void;
}

/**
 * Guards a secret in sight. The dialog has an entry of the history of its own, so that Back leads to the same question as any other
 * way out. The browser itself asks before the page is left; a page that it keeps for the Back button forgets the secret. Returns the
 * one way to close the dialog.
 */
export function useLeaveGuard({ isSafe, onAsk, onClose }: LeaveGuard): () => void {
  const leaving = useRef(false);
  // The listeners stay the same for as long as there is a secret: one that is replaced while its event is on the way misses it.
  const goBack = useEffectEvent(() => {
    if (leaving.current || isSafe) return onClose();
    history.pushState(ENTRY, "");
    onAsk();
  });
  // Synchronously, before the browser freezes the page.
  const forget = useEffectEvent(() => flushSync(onClose));
  useEffect(() => {
    const askBrowser = (event: BeforeUnloadEvent) => event.preventDefault();
    const onPopState = () => goBack();
    const onPageHide = () => forget();
    history.pushState(ENTRY, "");
    addEventListener("beforeunload", askBrowser);
    addEventListener("pagehide", onPageHide);
    addEventListener("popstate", onPopState);
    return () => {
      removeEventListener("beforeunload", askBrowser);
      removeEventListener("pagehide", onPageHide);
      removeEventListener("popstate", onPopState);
    };
  }, []);
  return useCallback(() => {
    // A second step back would leave the page.
    if (leaving.current) return;
    leaving.current = true;
    history.back();
  }, []);
}
