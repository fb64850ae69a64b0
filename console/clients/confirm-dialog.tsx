import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  Field,
  Input,
  makeStyles,
  mergeClasses,
  Text,
  tokens,
} from "@fluentui/react-components";
import { type FormEvent, type ReactNode, useState } from "react";
import type { ClientView } from "../../shared/model/client.ts";
import { comparableText, printable } from "../../shared/model/single-line-text.ts";
import { ChangingText } from "../parts/changing-text.tsx";
import { ErrorNotice } from "../parts/error-notice.tsx";
import { changeDetailOf } from "../parts/error-words.ts";
import { NameText } from "../parts/name-text.tsx";
import { SlowText } from "../parts/pending-notice.tsx";
import { ClientLabel } from "./client-label.tsx";
import { shownName } from "./damage.tsx";
import type { Change } from "./use-change.ts";

const useStyles = makeStyles({
  content: { display: "grid", gap: tokens.spacingVerticalL, paddingBlock: tokens.spacingVerticalS },
  name: { overflowWrap: "anywhere" },
  action: { whiteSpace: "nowrap" },
  danger: {
    backgroundColor: tokens.colorStatusDangerBackground3,
    color: tokens.colorNeutralForegroundOnBrand,
    ":hover": {
      backgroundColor: tokens.colorStatusDangerBackground3Hover,
      color: tokens.colorNeutralForegroundOnBrand,
    },
    ":hover:active": {
      backgroundColor: tokens.colorStatusDangerBackground3Pressed,
      color: tokens.colorNeutralForegroundOnBrand,
    },
  },
});

interface ConfirmDialogProps {
  client: ClientView;
  title: string;
  /** The consequences. */
  children: ReactNode;
  /** The label of the button, and its label during the change. */
  action: readonly [idle: string, pending: string];
  change: Pick<Change, "pending" | "error">;
  onConfirm: () => void;
  onClose: () => void;
}

/** Asks before a change that cannot be undone. The client's name must be typed, so that the change is made to the right client. */
export function ConfirmDialog({ client, title, children, action, change, onConfirm, onClose }: ConfirmDialogProps) {
  const styles = useStyles();
  const [typed, setTyped] = useState("");
  const { pending, error } = change;
  const name = shownName(client);
  const matches = comparableText(typed) === comparableText(printable(name));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (matches && !pending) onConfirm();
  };
  return (
    <Dialog open modalType="alert" onOpenChange={() => !pending && onClose()}>
      <DialogSurface>
        <form onSubmit={submit}>
          <DialogBody>
            <DialogTitle>{title}</DialogTitle>
            <DialogContent className={styles.content}>
              {error && <ErrorNotice error={error} detail={changeDetailOf(error)} />}
              <ClientLabel name={name} clientId={client.client_id} />
              {children}
              <Field
                label={
                  <>
                    Type{" "}
                    <Text weight="semibold" className={styles.name}>
                      <NameText text={name} />
                    </Text>{" "}
                    to confirm
                  </>
                }
              >
                <Input
                  autoComplete="off"
                  spellCheck={false}
                  value={typed}
                  onChange={(_, { value }) => setTyped(value)}
                />
              </Field>
            </DialogContent>
            <DialogActions>
              {pending && <SlowText />}
              <Button disabled={pending} onClick={onClose}>
                Cancel
              </Button>
              <Button
                type="submit"
                appearance="primary"
                disabledFocusable={!matches || pending}
                className={mergeClasses(styles.action, matches && !pending && styles.danger)}
              >
                <ChangingText>{pending ? action[1] : action[0]}</ChangingText>
              </Button>
            </DialogActions>
          </DialogBody>
        </form>
      </DialogSurface>
    </Dialog>
  );
}
