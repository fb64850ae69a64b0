import { makeStyles, tokens } from "@fluentui/react-components";
import type { ReactNode } from "react";

const useStyles = makeStyles({
  list: { display: "grid", gap: tokens.spacingVerticalM, margin: 0 },
  term: {
    color: tokens.colorNeutralForeground3,
    fontSize: tokens.fontSizeBase200,
    fontWeight: tokens.fontWeightSemibold,
  },
  value: { margin: 0, overflowWrap: "anywhere" },
});

/** Names and values, one below the other. */
export function Facts({ facts }: { facts: Readonly<Record<string, ReactNode>> }) {
  const styles = useStyles();
  return (
    <dl className={styles.list}>
      {Object.entries(facts).map(([name, value]) => (
        <div key={name}>
          <dt className={styles.term}>{name}</dt>
          <dd className={styles.value}>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
