import { Button, MessageBar, MessageBarActions, MessageBarBody, makeStyles } from "@fluentui/react-components";
import { DismissRegular } from "@fluentui/react-icons/svg/dismiss";
import { ClientLabel } from "./client-label.tsx";

const useStyles = makeStyles({
  // One row with the buttons, however many lines the text takes.
  root: { whiteSpace: "normal" },
});

/** A change that was made to a client. */
export interface News {
  event: "is created" | "has a new secret" | "is disabled";
  name: string;
  clientId: string;
}

interface ClientNewsProps {
  news: News;
  onShow: (clientId: string) => void;
  onDismiss: () => void;
}

/** Names the client that was changed, which the search or the status may leave out of the list, and leads to it. */
export function ClientNews({ news: { event, name, clientId }, onShow, onDismiss }: ClientNewsProps) {
  const styles = useStyles();
  return (
    <MessageBar intent="success" role="status" className={styles.root}>
      <MessageBarBody>
        <ClientLabel name={name} clientId={clientId} /> {event}.
      </MessageBarBody>
      <MessageBarActions
        containerAction={
          <Button appearance="transparent" aria-label="Dismiss" icon={<DismissRegular />} onClick={onDismiss} />
        }
      >
        <Button onClick={() => onShow(clientId)}>Show client</Button>
      </MessageBarActions>
    </MessageBar>
  );
}
