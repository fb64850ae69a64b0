import {
  Button,
  MessageBar,
  MessageBarActions,
  MessageBarBody,
  MessageBarTitle,
  makeStyles,
} from "@fluentui/react-components";
import { ErrorCircleFilled } from "@fluentui/react-icons/svg/error-circle";
import type { ApiError } from "../api/api-error.ts";
import { ChangingText } from "./changing-text.tsx";
import { titleOf } from "./error-words.ts";
import { RequestId } from "./request-id.tsx";

const useStyles = makeStyles({
  // One row with the button, however many lines the text takes.
  root: { whiteSpace: "normal" },
});

interface ErrorNoticeProps {
  error: ApiError;
  /** What it means here. */
  detail: string;
  /** What tries again, where that makes sense. */
  onRetry?: (() => void) | undefined;
}

/** Says what went wrong, under which id the log has it, and offers to try again. */
export function ErrorNotice({ error, detail, onRetry }: ErrorNoticeProps) {
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
        <MessageBarTitle>{`${titleOf(error)}.`}</MessageBarTitle>
        <ChangingText>{detail}</ChangingText>
        {error.requestId && <RequestId id={error.requestId} />}
      </MessageBarBody>
      {onRetry && (
        <MessageBarActions>
          <Button onClick={onRetry}>Try again</Button>
        </MessageBarActions>
      )}
    </MessageBar>
  );
}
