import { Link, makeStyles, TableCell, TableRow, Text, tokens, useRestoreFocusTarget } from "@fluentui/react-components";
import type { ClientView } from "../../shared/model/client.ts";
import { CopyButton } from "../parts/copy-button.tsx";
import { NameText } from "../parts/name-text.tsx";
import { TimeText } from "../parts/time-text.tsx";
import { isReadable, shownName, Unreadable } from "./damage.tsx";
import { LastUsed } from "./last-used.tsx";
import { useRowStyles } from "./row-styles.ts";
import { ScopeBadges } from "./scope-badges.tsx";
import { StatusBadge } from "./status-badge.tsx";

const useStyles = makeStyles({
  name: { display: "grid", minWidth: 0 },
  link: { fontWeight: tokens.fontWeightSemibold, overflowWrap: "anywhere", textAlign: "start" },
  description: {
    color: tokens.colorNeutralForeground3,
    overflow: "hidden",
    textOverflow: "ellipsis",
    whiteSpace: "nowrap",
  },
  id: { display: "flex", alignItems: "center", gap: tokens.spacingHorizontalXXS, width: "100%", minWidth: 0 },
  code: { flexGrow: 1, fontSize: tokens.fontSizeBase200, overflowWrap: "anywhere" },
});

/** One client of the list. */
export function ClientRow({ client, onOpen }: { client: ClientView; onOpen: (client: ClientView) => void }) {
  const styles = useStyles();
  const restoreFocus = useRestoreFocusTarget();
  const { row, cell, caption } = useRowStyles();
  return (
    <TableRow className={row}>
      <TableCell className={cell}>
        <span className={styles.name}>
          <Link as="button" className={styles.link} onClick={() => onOpen(client)} {...restoreFocus}>
            <NameText text={shownName(client)} />
          </Link>
          <Text size={200} className={styles.description}>
            <NameText text={client.description} />
          </Text>
        </span>
      </TableCell>
      <TableCell className={cell}>
        <span className={styles.id}>
          <Text font="monospace" className={styles.code} translate="no">
            {client.client_id}
          </Text>
          <CopyButton text={client.client_id} what="client ID" />
        </span>
      </TableCell>
      <TableCell className={cell}>
        <StatusBadge client={client} />
      </TableCell>
      <TableCell className={cell}>
        <ScopeBadges client={client} />
      </TableCell>
      <TableCell className={cell}>
        <span className={caption}>Created</span>
        {isReadable(client, "created_at") ? <TimeText at={client.created_at} /> : <Unreadable />}
      </TableCell>
      <TableCell className={cell}>
        <span className={caption}>Last used</span>
        <LastUsed client={client} />
      </TableCell>
    </TableRow>
  );
}
