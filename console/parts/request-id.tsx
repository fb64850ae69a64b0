import { makeStyles, tokens } from "@fluentui/react-components";
import { CopyButton } from "./copy-button.tsx";

const useStyles = makeStyles({
  root: { display: "flex", alignItems: "center", flexWrap: "wrap", columnGap: tokens.spacingHorizontalXS },
  id: { fontFamily: tokens.fontFamilyMonospace, fontSize: tokens.fontSizeBase200, overflowWrap: "anywhere" },
});

/** The id of a request that failed, to copy: with it an operator finds the request in the log. */
export function RequestId({ id }: { id: string }) {
  const styles = useStyles();
  return (
    <div className={styles.root}>
      <span>Request</span>
      <code key={id} className={styles.id} translate="no">
        {id}
      </code>
      <CopyButton text={id} what="request id" />
    </div>
  );
}
