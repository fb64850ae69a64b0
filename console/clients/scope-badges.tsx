import { Badge, makeStyles, tokens } from "@fluentui/react-components";
import { SCOPE_PERMISSIONS, type Scope } from "../../shared/model/scopes.ts";

const useStyles = makeStyles({
  badge: { fontWeight: tokens.fontWeightRegular },
  root: { display: "flex", flexWrap: "wrap", gap: tokens.spacingHorizontalXS },
});

/** The names of scopes; what they permit is in their titles. */
export function ScopeBadges({ scopes }: { scopes: readonly Scope[] }) {
  const styles = useStyles();
  return (
    <span className={styles.root}>
      {scopes.map((scope) => (
        <Badge
          key={scope}
          className={styles.badge}
          appearance="outline"
          color="informative"
          translate="no"
          title={SCOPE_PERMISSIONS[scope]}
        >
          {scope}
        </Badge>
      ))}
    </span>
  );
}
