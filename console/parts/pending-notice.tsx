import { makeStyles, Spinner, Text, tokens } from "@fluentui/react-components";
import { useEffect, useState } from "react";

const SLOW_AFTER_MS = 5_000;

const useStyles = makeStyles({
  root: { display: "grid", justifyItems: "center", gap: tokens.spacingVerticalS, padding: tokens.spacingVerticalXXL },
});

/** A spinner with a label. After a while it says that the answer takes long. */
export function PendingNotice({ label }: { label: string }) {
  const styles = useStyles();
  return (
    <div className={styles.root}>
      <Spinner label={label} labelPosition="below" />
      <SlowText />
    </div>
  );
}

/** A text that appears when an answer takes longer than usual. */
export function SlowText() {
  const [slow, setSlow] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSlow(true), SLOW_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <Text role="status" size={200}>
      {slow && "This takes longer than usual. Please wait."}
    </Text>
  );
}
