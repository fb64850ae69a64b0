import { Badge, makeStyles, tokens } from "@fluentui/react-components";
import type { ClientStatus, ClientView } from "../../shared/model/client.ts";
import { ChangingText } from "../parts/changing-text.tsx";
import { DamagedBadge, isReadable } from "./damage.tsx";

const useStyles = makeStyles({ root: { display: "flex", flexWrap: "wrap", gap: tokens.spacingHorizontalXS } });

/** The status of a client in a word and a colour, with a mark for a damaged record. */
export function StatusBadge({ client }: { client: Pick<ClientView, "status" | "damaged"> }) {
  const styles = useStyles();
  return (
    <span className={styles.root}>
      {isReadable(client, "status") && <StatusWord status={client.status} />}
      {client.damaged && <DamagedBadge />}
    </span>
  );
}

function StatusWord({ status }: { status: ClientStatus }) {
  return status === "active" ? (
    <Badge appearance="tint" color="success">
      <ChangingText>Active</ChangingText>
    </Badge>
  ) : (
    <Badge appearance="tint" color="informative">
      <ChangingText>Disabled</ChangingText>
    </Badge>
  );
}
