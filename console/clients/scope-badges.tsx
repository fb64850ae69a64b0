import { Badge, makeStyles, tokens } from "@fluentui/react-components";
import type { ClientView } from "../../shared/model/client.ts";
import { scopesOf } from "./scope-words.ts";

const useStyles = makeStyles({
  badge: { fontWeight: tokens.fontWeightRegular },
  root: { display: "flex", flexWrap: "wrap", gap: tokens.spacingHorizontalXS },
});

/** The scopes of a client; the permissions are in their titles. */
export function ScopeBadges({ client }: { client: Pick<ClientView, "scopes" | "unknown_scopes"> }) {
  const styles = useStyles();
  return (
    <span className={styles.root}>
      {scopesOf(client).map(({ scope, words, isGranted }) => (
        <Badge
          key={scope}
          className={styles.badge}
          appearance="outline"
          color={isGranted ? "informative" : "warning"}
          translate="no"
          title={words}
        >
          {scope}
        </Badge>
      ))}
    </span>
  );
}
