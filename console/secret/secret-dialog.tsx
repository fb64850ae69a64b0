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
import { useSession } from "../sign-in/session.tsx";
import { SetupGuide } from "./setup-guide.tsx";
import { TestConnection } from "./test-connection.tsx";
import { useLeaveGuard } from "./use-leave-guard.ts";

const useStyles = makeStyles({
  surface: { maxWidth: "44rem", width: "100%", boxSizing: "border-box" },
  content: {
    display: "grid",
    gap: tokens.spacingVerticalL,
    paddingBlock: tokens.spacingVerticalS,
    gridTemplateColumns: "minmax(0, 1fr)",
    gridAutoRows: "max-content",
  },
  bar: { flexGrow: 1 },
  done: { whiteSpace: "nowrap" },
});

interface SecretDialogProps {
  /** `API client created`, or what else brought the secret. */
  title: string;
  name: string;
  credentials: Credentials;
  onClose: () => void;
}

/** Shows a client's secret this once, and how to use it. It is in the memory of this dialog alone, and gone with it. */
export function SecretDialog({ title, name, credentials, onClose }: SecretDialogProps) {
  const styles = useStyles();
  const { settings } = useSession();
  const [copied, setCopied] = useState(false);
  const [asking, setAsking] = useState(false);
  useLeaveGuard(onClose);

  const { client_id: clientId, client_secret: clientSecret } = credentials;
  const connection = { clientId, clientSecret, tokenEndpoint: settings.token_endpoint, apiUrl: location.origin };
  const onCopied = (text = "") => text.includes(clientSecret) && setCopied(true);
  const close = () => (copied || asking ? onClose() : setAsking(true));
  return (
    <Dialog open modalType="alert" onOpenChange={close}>
      <DialogSurface className={styles.surface}>
        <DialogBody onCopy={() => onCopied(getSelection()?.toString())}>
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
          <DialogActions fluid>
            {asking && !copied && (
              <MessageBar intent="warning" role="alert" className={styles.bar}>
                <MessageBarBody>You have not copied the secret. It cannot be shown again.</MessageBarBody>
              </MessageBar>
            )}
            <Button className={styles.done} appearance={copied ? "primary" : "secondary"} onClick={close}>
              {asking && !copied ? "Close without copying" : "Done"}
            </Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}
