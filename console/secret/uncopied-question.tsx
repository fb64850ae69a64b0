import { Button, MessageBar, MessageBarBody, makeStyles, tokens } from "@fluentui/react-components";
import { type MouseEvent, useEffect, useState } from "react";
import { CopyButton } from "../parts/copy-button.tsx";

/** Longer than the pause between the clicks of a double click, which systems let users set up to 900 ms. */
const DEAF_MS = 1_000;

const useStyles = makeStyles({
  root: { display: "grid", gap: tokens.spacingVerticalM, width: "100%" },
  // Copy is in the place of Done, and the other button far from it.
  buttons: {
    display: "flex",
    flexFlow: "row-reverse wrap",
    justifyContent: "space-between",
    gap: tokens.spacingHorizontalM,
  },
});

interface UncopiedQuestionProps {
  clientSecret: string;
  onCopied: (text: string) => void;
  onLeave: () => void;
}

/** Asks before an uncopied secret is lost. The button that gives it up stands apart and takes no click at first. */
export function UncopiedQuestion({ clientSecret, onCopied, onLeave }: UncopiedQuestionProps) {
  const styles = useStyles();
  const [isDeaf, setDeaf] = useState(true);
  useEffect(() => {
    const timer = setTimeout(() => setDeaf(false), DEAF_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div className={styles.root}>
      <MessageBar intent="warning" role="alert" layout="multiline">
        <MessageBarBody>You have not copied the secret. It cannot be shown again.</MessageBarBody>
      </MessageBar>
      <div className={styles.buttons} onClickCapture={dropDoubleClick}>
        <CopyButton text={clientSecret} what="client secret" labelled appearance="primary" onCopied={onCopied} />
        <Button disabledFocusable={isDeaf} onClick={onLeave}>
          Close without copying
        </Button>
      </div>
    </div>
  );
}

/** The first click was on Done. */
function dropDoubleClick(event: MouseEvent): void {
  if (event.detail > 1) event.stopPropagation();
}
