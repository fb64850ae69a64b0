import {
  Button,
  MessageBar,
  MessageBarActions,
  MessageBarBody,
  MessageBarTitle,
  makeStyles,
} from "@fluentui/react-components";
import { ErrorCircleFilled } from "@fluentui/react-icons/svg/error-circle";
import { ChangingText } from "./changing-text.tsx";

const useStyles = makeStyles({
  // One row with the button, however many lines the text takes.
  root: { whiteSpace: "normal" },
});

interface ErrorNoticeProps {
  title: string;
  detail: string;
  /** What tries again, where that makes sense. */
  onRetry?: (() => void) | undefined;
}

/** Says what went wrong, and offers to try again. */
export function ErrorNotice({ title, detail, onRetry }: ErrorNoticeProps) {
  const styles = useStyles();
  return (
    <MessageBar
      intent="error"
      icon={<ErrorCircleFilled />}
      role="alert"
      layout={onRetry ? "singleline" : "multiline"}
      className={styles.root}
    >
      <MessageBarBody>
        <MessageBarTitle>{`${title}.`}</MessageBarTitle>
        <ChangingText>{detail}</ChangingText>
      </MessageBarBody>
      {onRetry && (
        <MessageBarActions>
          <Button onClick={onRetry}>Try again</Button>
        </MessageBarActions>
      )}
    </MessageBar>
  );
}
