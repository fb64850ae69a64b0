import { Button, LargeTitle, makeStyles, Text, tokens } from "@fluentui/react-components";
import { ShieldKeyholeRegular } from "@fluentui/react-icons/svg/shield-keyhole";
import type { ApiError } from "../api/api-error.ts";
import { ChangingText } from "../parts/changing-text.tsx";
import { ErrorNotice } from "../parts/error-notice.tsx";
import { readingDetailOf } from "../parts/error-words.ts";
import { FrameHeader } from "../parts/frame-header.tsx";
import type { Account, SignIn } from "./sign-in.ts";
import { useStart } from "./use-start.ts";

const useStyles = makeStyles({
  root: {
    backgroundColor: tokens.colorNeutralBackground3,
    display: "grid",
    placeItems: "center",
    minHeight: "calc(100vh - 3rem)",
    padding: tokens.spacingHorizontalL,
    boxSizing: "border-box",
  },
  card: {
    display: "grid",
    justifyItems: "start",
    boxShadow: tokens.shadow8,
    borderRadius: tokens.borderRadiusXLarge,
    backgroundColor: tokens.colorNeutralBackground1,
    width: "100%",
    maxWidth: "26rem",
    padding: tokens.spacingHorizontalXXL,
    boxSizing: "border-box",
    gap: tokens.spacingVerticalL,
  },
  icon: { fontSize: "2.5rem", color: tokens.colorBrandForeground1 },
});

interface WelcomeProps {
  signIn: SignIn;
  /** Whether this is a local stack, with which everybody signs in as its administrator. */
  local: boolean;
  /** The refusal of the sign-in before. */
  refusal: ApiError | undefined;
  onSignedIn: (account: Account) => void;
}

/** The page before the sign-in. */
export function Welcome({ signIn, local, refusal, onSignedIn }: WelcomeProps) {
  const styles = useStyles();
  const { pending, error, run } = useStart(signIn, onSignedIn, refusal);
  return (
    <>
      <FrameHeader />
      <main className={styles.root}>
        <div className={styles.card}>
          <ShieldKeyholeRegular className={styles.icon} />
          <LargeTitle as="h1">API Clients</LargeTitle>
          <Text>Create and manage the credentials with which SOAR platforms and other services call SoCMate.</Text>
          {error && <ErrorNotice error={error} detail={readingDetailOf(error)} />}
          <Button appearance="primary" size="large" disabledFocusable={pending} onClick={() => void run()}>
            <ChangingText>{pending ? "Signing in…" : "Sign in"}</ChangingText>
          </Button>
          <Text size={200}>
            {local
              ? "This is a development stack: one click signs you in as its administrator."
              : "You need the admin role of your organization."}
          </Text>
        </div>
      </main>
    </>
  );
}
