import { Button, makeStyles, Text, tokens } from "@fluentui/react-components";
import { ShieldKeyholeFilled } from "@fluentui/react-icons/svg/shield-keyhole";
import { SignOutRegular } from "@fluentui/react-icons/svg/sign-out";
import { useSession } from "../sign-in/session.tsx";

const useStyles = makeStyles({
  root: {
    display: "flex",
    alignItems: "center",
    gap: tokens.spacingHorizontalM,
    minHeight: "3rem",
    paddingInline: tokens.spacingHorizontalXXL,
    backgroundColor: tokens.colorNeutralBackground1,
    borderBottom: `1px solid ${tokens.colorNeutralStroke2}`,
    "@media (max-width: 40em)": { paddingInline: tokens.spacingHorizontalL },
  },
  brand: { display: "flex", alignItems: "center", gap: tokens.spacingHorizontalS, flexGrow: 1, minWidth: 0 },
  icon: { fontSize: "1.5rem", color: tokens.colorBrandForeground1 },
  /** The heading says it as well, where there is no room. */
  here: { display: "flex", gap: tokens.spacingHorizontalS, "@media (max-width: 40em)": { display: "none" } },
  account: {
    overflow: "hidden",
    textOverflow: "ellipsis",
    whiteSpace: "nowrap",
    "@media (max-width: 40em)": { display: "none" },
  },
});

/** Says where one is, and who. */
export function PageHeader() {
  const styles = useStyles();
  const { account, signOut } = useSession();
  return (
    <header className={styles.root}>
      <span className={styles.brand}>
        <ShieldKeyholeFilled className={styles.icon} />
        <Text weight="semibold">SoCMate</Text>
        <Text aria-hidden>/</Text>
        <Text>Admin</Text>
        <span className={styles.here}>
          <Text aria-hidden>/</Text>
          <Text>API Clients</Text>
        </span>
      </span>
      <Text className={styles.account} translate="no">
        {account.name}
      </Text>
      <Button appearance="subtle" icon={<SignOutRegular />} onClick={signOut}>
        Sign out
      </Button>
    </header>
  );
}
