import { Button, makeStyles, Subtitle2, Text, tokens, useRestoreFocusTarget } from "@fluentui/react-components";
import { KeyMultipleRegular } from "@fluentui/react-icons/svg/key-multiple";
import { SearchRegular } from "@fluentui/react-icons/svg/search";

const useStyles = makeStyles({
  root: {
    display: "grid",
    justifyItems: "center",
    textAlign: "center",
    gap: tokens.spacingVerticalM,
    padding: `${tokens.spacingVerticalXXXL} ${tokens.spacingHorizontalL}`,
    border: `1px dashed ${tokens.colorNeutralStroke1}`,
    borderRadius: tokens.borderRadiusLarge,
  },
  icon: { fontSize: "2.5rem", color: tokens.colorNeutralForeground3 },
  text: { maxWidth: "32rem", color: tokens.colorNeutralForeground2 },
});

interface NoClientsProps {
  /** Whether a search or a status filters the list. */
  filtered: boolean;
  onCreate: () => void;
  onClear: () => void;
}

/** The replacement of an empty list. */
export function NoClients({ filtered, onCreate, onClear }: NoClientsProps) {
  const styles = useStyles();
  const restoreFocus = useRestoreFocusTarget();
  return filtered ? (
    <div className={styles.root} role="status">
      <SearchRegular className={styles.icon} />
      <Subtitle2 as="h2">No client matches</Subtitle2>
      <Text align="center" className={styles.text}>
        The search looks at names, descriptions and client_ids.
      </Text>
      <Button onClick={onClear}>Show all clients</Button>
    </div>
  ) : (
    <div className={styles.root} role="status">
      <KeyMultipleRegular className={styles.icon} />
      <Subtitle2 as="h2">No API clients yet</Subtitle2>
      <Text align="center" className={styles.text}>
        An API client lets one integration, such as a SOAR platform, get short-lived tokens for SoCMate. Create one for
        each integration and each environment.
      </Text>
      <Button appearance="primary" onClick={onCreate} {...restoreFocus}>
        Create your first client
      </Button>
    </div>
  );
}
