import { makeStyles, tokens } from "@fluentui/react-components";
import type { ReactNode } from "react";
import type { ClientView } from "../../shared/model/client.ts";
import { timeAgo } from "../parts/time-words.ts";
import { isReadable } from "./damage.tsx";

const useStyles = makeStyles({
  list: { margin: 0, paddingInlineStart: tokens.spacingHorizontalXL, display: "grid", gap: tokens.spacingVerticalXS },
});

/** The consequences of a change as list items, followed by the last use of the client. */
export function Consequences({ client, children }: { client: ClientView; children: ReactNode }) {
  const styles = useStyles();
  return (
    <ul className={styles.list}>
      {children}
      <li>{lastUse(client)}</li>
    </ul>
  );
}

function lastUse(client: ClientView): string {
  if (!isReadable(client, "last_used_at")) return "Whether it is used cannot be read.";
  const at = client.last_used_at;
  return at === null ? "It has never been used." : `It was last used ${timeAgo(new Date(at), new Date())}.`;
}
