import {
  makeStyles,
  mergeClasses,
  Table,
  TableBody,
  TableHeader,
  TableHeaderCell,
  TableRow,
  tokens,
} from "@fluentui/react-components";
import type { ClientView } from "../../shared/model/client.ts";
import { ClientRow } from "./client-row.tsx";
import { useRowStyles } from "./row-styles.ts";

const COLUMNS = ["Name", "Client ID", "Status", "Scopes", "Created", "Last used"];
/** See `row-styles.ts`. */
const SECOND_LINES = ["Client ID", "Created"];

const useStyles = makeStyles({
  root: {
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusLarge,
    backgroundColor: tokens.colorNeutralBackground1,
    overflow: "hidden",
    "& [role=rowgroup]:last-child > :last-child": { borderBottom: "none" },
    transitionProperty: "opacity",
    transitionDuration: tokens.durationFast,
  },
  // A quick answer must not flicker.
  pending: { opacity: 0.6, transitionDelay: "300ms" },
  outdated: {
    border: `1px dashed ${tokens.colorNeutralStroke1}`,
    backgroundColor: tokens.colorNeutralBackground3,
    filter: "grayscale(1)",
  },
});

interface ClientTableProps {
  clients: readonly ClientView[];
  onOpen: (client: ClientView) => void;
  /** The list is being fetched again. */
  pending: boolean;
  /** The last fetch failed, so this is an older list. */
  outdated: boolean;
}

/** The clients of one page of the list; on a narrow screen one card each. */
export function ClientTable({ clients, pending, outdated, onOpen }: ClientTableProps) {
  const styles = useStyles();
  const rowStyles = useRowStyles();
  return (
    <Table
      noNativeElements
      aria-label="API Clients"
      aria-busy={pending}
      className={mergeClasses(styles.root, outdated && styles.outdated, pending && styles.pending)}
    >
      <TableHeader>
        <TableRow className={mergeClasses(rowStyles.row, rowStyles.header)}>
          {COLUMNS.map((name) => (
            <TableHeaderCell
              key={name}
              className={mergeClasses(rowStyles.headerCell, SECOND_LINES.includes(name) && rowStyles.secondHeader)}
            >
              {name}
            </TableHeaderCell>
          ))}
        </TableRow>
      </TableHeader>
      <TableBody>
        {clients.map((client) => (
          <ClientRow key={client.client_id} client={client} onOpen={onOpen} />
        ))}
      </TableBody>
    </Table>
  );
}
