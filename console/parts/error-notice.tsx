import { Button, MessageBar, MessageBarActions, MessageBarBody, MessageBarTitle } from "@fluentui/react-components";

interface ErrorNoticeProps {
  title: string;
  detail: string;
  /** What tries again, where that makes sense. */
  onRetry?: (() => void) | undefined;
}

/** Says what went wrong, and offers to try again. */
export function ErrorNotice({ title, detail, onRetry }: ErrorNoticeProps) {
  return (
    <MessageBar intent="error" role="alert" {...(!onRetry && { layout: "multiline" })}>
      <MessageBarBody>
        <MessageBarTitle>{title}.</MessageBarTitle>
        {detail}
      </MessageBarBody>
      {onRetry && (
        <MessageBarActions>
          <Button onClick={onRetry}>Try again</Button>
        </MessageBarActions>
      )}
    </MessageBar>
  );
}
