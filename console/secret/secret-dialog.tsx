import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  MessageBar,
  MessageBarBody,
  MessageBarTitle,
  makeStyles,
  Subtitle2,
  tokens,
} from "@fluentui/react-components";
import { useState } from "react";
import type { Credentials } from "../api/admin-api.ts";
import { CopyField } from "../parts/copy-field.tsx";
import { NameText } from "../parts/name-text.tsx";
import { scrollShadows } from "../parts/scroll-styles.ts";
import { useSession } from "../sign-in/session.tsx";
import { SetupGuide } from "./setup-guide.tsx";
import { TestConnection } from "./test-connection.tsx";
import { UncopiedQuestion } from "./uncopied-question.tsx";
import { useLeaveGuard } from "./use-leave-guard.ts";

const useStyles = makeStyles({
  surface: { maxWidth: "44rem", width: "100%", boxSizing: "border-box" },
  body: { "@media (min-width: 40.01em) and (min-height: 30.01em)": { maxHeight: "calc(100dvh - 8rem)" } },
  content: {
    ...scrollShadows(tokens.colorNeutralBackground1),
    display: "grid",
    gap: tokens.spacingVerticalL,
    paddingBlock: tokens.spacingVerticalS,
    gridTemplateColumns: "minmax(0, 1fr)",
    gridAutoRows: "max-content",
  },
  footer: { justifySelf: "stretch", paddingBlockStart: tokens.spacingVerticalS },
  actions: { display: "flex", width: "100%", justifyContent: "end" },
});

interface SecretDialogProps {
  /** The reason for the secret: `API client created`. */
  title: string;
  name: string;
  credentials: Credentials;
  onClose: () => void;
}

/** Shows a client's secret this once, with instructions. The secret is in the memory of this dialog alone, and gone with it. */
export function SecretDialog({ title, name, credentials, onClose }: SecretDialogProps) {
  const styles = useStyles();
  const { settings } = useSession();
  const [copied, setCopied] = useState(false);
  const [asking, setAsking] = useState(false);
  const leave = useLeaveGuard({ isSafe: copied, onAsk: () => setAsking(true), onClose });

  const isQuestion = asking && !copied;

  const { client_id: clientId, client_secret: clientSecret } = credentials;
  const connection = { clientId, clientSecret, tokenEndpoint: settings.token_endpoint, apiUrl: location.origin };
  const onCopied = (text = "") => text.includes(clientSecret) && setCopied(true);
  const close = () => (copied ? leave() : setAsking(true));
  return (
    <Dialog open modalType="alert" onOpenChange={close}>
      <DialogSurface className={styles.surface}>
        <DialogBody className={styles.body} onCopy={() => onCopied(getSelection()?.toString())}>
          <DialogTitle>
            {title}: <NameText text={name} />
          </DialogTitle>
          <DialogContent className={styles.content}>
            <MessageBar intent="warning" layout="multiline">
              <MessageBarBody>
                <MessageBarTitle>Copy the secret now.</MessageBarTitle>
                It is shown only this once: SoCMate keeps no copy and cannot show it again. Store it in a secrets
                manager.
              </MessageBarBody>
            </MessageBar>
            <CopyField label="Client secret" value={clientSecret} strong onCopied={onCopied} />
            <CopyField label="Client ID" value={clientId} />
            <CopyField label="Token endpoint" value={settings.token_endpoint} />
            <TestConnection tokenEndpoint={settings.token_endpoint} credentials={credentials} />
            <Subtitle2 as="h3">Set up the integration</Subtitle2>
            <SetupGuide connection={connection} onCopied={onCopied} />
          </DialogContent>
          <DialogActions fluid className={styles.footer}>
            <div key={String(isQuestion)} ref={asking ? focusButton : null} className={styles.actions}>
              {isQuestion ? (
                <UncopiedQuestion clientSecret={clientSecret} onCopied={onCopied} onLeave={leave} />
              ) : (
                <Button appearance={copied ? "primary" : "secondary"} onClick={close}>
                  Done
                </Button>
              )}
            </div>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}

/** Focuses the first button when the focused one is replaced: by the question, or by Done once the secret is copied. */
function focusButton(actions: HTMLElement | null): void {
  actions?.querySelector("button")?.focus();
}
