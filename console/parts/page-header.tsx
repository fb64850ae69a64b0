import { Button, makeStyles, Text } from "@fluentui/react-components";
import { SignOutRegular } from "@fluentui/react-icons/svg/sign-out";
import { useSession } from "../sign-in/session.tsx";
import { FrameHeader, PHONE } from "./frame-header.tsx";

const useStyles = makeStyles({
  account: { overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" },
  signOut: { flexShrink: 0, whiteSpace: "nowrap", minWidth: "auto" },
  // The name of the account needs the room.
  label: { [PHONE]: { display: "none" } },
});

/** The bar on top, with the account that is signed in. */
export function PageHeader() {
  const styles = useStyles();
  const { account, signOut } = useSession();
  return (
    <FrameHeader>
      <Text className={styles.account} translate="no" title={account.name}>
        {account.name}
      </Text>
      <Button
        appearance="subtle"
        icon={<SignOutRegular />}
        aria-label="Sign out"
        className={styles.signOut}
        onClick={signOut}
      >
        <span className={styles.label}>Sign out</span>
      </Button>
    </FrameHeader>
  );
}
