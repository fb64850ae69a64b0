import { makeStyles, tokens } from "@fluentui/react-components";
import { NameText } from "../parts/name-text.tsx";

const useStyles = makeStyles({
  root: { overflowWrap: "anywhere" },
  id: { fontFamily: tokens.fontFamilyMonospace, fontSize: tokens.fontSizeBase200 },
});

/** The name of a client and its client_id: names need not be unique. */
export function ClientLabel({ name, clientId }: { name: string; clientId: string }) {
  const styles = useStyles();
  const id = (
    <code className={styles.id} translate="no">
      {clientId}
    </code>
  );
  if (name === clientId) return id;
  return (
    <span className={styles.root}>
      <strong>
        <NameText text={name} />
      </strong>{" "}
      ({id})
    </span>
  );
}
