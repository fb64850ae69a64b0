import {
  Link,
  makeStyles,
  mergeClasses,
  TableCell,
  TableRow,
  Text,
  tokens,
  useRestoreFocusTarget,
} from "@fluentui/react-components";
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
  link: { fontWeight: tokens.fontWeightSemibold, overflowWrap: "anywhere", textAlign: "start", minHeight: "1.5rem" },
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
  const { row, cell, caption, first, belowFirst, middle, last, belowLast, secondCaption } = useRowStyles();
  return (
    <TableRow className={row}>
      <TableCell className={mergeClasses(cell, first)}>
        <span className={styles.name}>
          <Link as="button" className={styles.link} onClick={() => onOpen(client)} {...restoreFocus}>
            <NameText text={shownName(client)} />
          </Link>
          <Text size={200} className={styles.description}>
            <NameText text={client.description} />
          </Text>
        </span>
      </TableCell>
      <TableCell className={mergeClasses(cell, belowFirst)}>
        <span className={styles.id}>
          <Text font="monospace" className={styles.code} translate="no">
            {client.client_id}
          </Text>
          <CopyButton text={client.client_id} what="client ID" />
        </span>
      </TableCell>
      <TableCell className={mergeClasses(cell, middle)}>
        <StatusBadge client={client} />
      </TableCell>
      <TableCell className={mergeClasses(cell, middle)}>
        <ScopeBadges client={client} />
      </TableCell>
      <TableCell className={mergeClasses(cell, belowLast)}>
        <span className={mergeClasses(caption, secondCaption)}>Created</span>
        {isReadable(client, "created_at") ? <TimeText at={client.created_at} /> : <Unreadable />}
      </TableCell>
      <TableCell className={mergeClasses(cell, last)}>
        <span className={caption}>Last used</span>
        <LastUsed client={client} />
      </TableCell>
    </TableRow>
  );
}
