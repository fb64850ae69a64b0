import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
} from "@fluentui/react-components";
import { useEffect, useState } from "react";
import { ChangingText } from "../parts/changing-text.tsx";
import { ErrorNotice } from "../parts/error-notice.tsx";
import { readingDetailOf } from "../parts/error-words.ts";
import type { SignIn } from "./sign-in.ts";
import { useStart } from "./use-start.ts";

/** Asks for a new sign-in. The page behind it keeps its state. */
export function SessionEndedDialog({ signIn, onSignedIn }: { signIn: SignIn; onSignedIn: () => void }) {
  const { pending, error, run } = useStart(signIn, onSignedIn);
  const [focusedBefore] = useState(() => document.activeElement);
  useEffect(
    () => () => {
      // The page behind may have a dialog open, which becomes active again with the focus.
      if (focusedBefore instanceof HTMLElement) focusedBefore.focus();
    },
    [focusedBefore],
  );
  return (
    <Dialog open modalType="alert">
      <DialogSurface>
        <DialogBody>
          <DialogTitle>Your session has ended</DialogTitle>
          <DialogContent>
            {error && <ErrorNotice error={error} detail={readingDetailOf(error)} />}
            <ChangingText>Sign in again to go on. What you have entered is kept.</ChangingText>
          </DialogContent>
          <DialogActions>
            <Button appearance="primary" disabledFocusable={pending} onClick={() => void run()}>
              <ChangingText>{pending ? "Signing in…" : "Sign in again"}</ChangingText>
            </Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}
