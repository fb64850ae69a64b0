import { makeStyles, mergeClasses, Text, tokens } from "@fluentui/react-components";
import { CopyButton } from "./copy-button.tsx";

const useStyles = makeStyles({
  root: { display: "grid", gap: tokens.spacingVerticalXXS },
  box: {
    display: "flex",
    alignItems: "center",
    gap: tokens.spacingHorizontalS,
    padding: `${tokens.spacingVerticalXS} ${tokens.spacingHorizontalXS} ${tokens.spacingVerticalXS} ${tokens.spacingHorizontalM}`,
    border: `1px solid ${tokens.colorNeutralStroke1}`,
    borderRadius: tokens.borderRadiusMedium,
    backgroundColor: tokens.colorNeutralBackground2,
  },
  strong: { border: `1px solid ${tokens.colorBrandStroke1}` },
  value: {
    flexGrow: 1,
    minWidth: 0,
    fontFamily: tokens.fontFamilyMonospace,
    fontSize: tokens.fontSizeBase300,
    overflowWrap: "anywhere",
    userSelect: "all",
  },
});

interface CopyFieldProps {
  label: string;
  value: string;
  /** Highlights the most important field. */
  strong?: boolean;
  onCopied?: ((text: string) => void) | undefined;
}

/** A value to copy. It is text and no input, so that no browser remembers or restores it. */
export function CopyField({ label, value, strong = false, onCopied }: CopyFieldProps) {
  const styles = useStyles();
  return (
    <div className={styles.root}>
      <Text size={200} weight="semibold">
        {label}
      </Text>
      <div className={mergeClasses(styles.box, strong && styles.strong)}>
        <code className={styles.value} translate="no">
          {value}
        </code>
        <CopyButton
          text={value}
          what={label.toLowerCase()}
          labelled={strong}
          {...(strong && { appearance: "primary" as const })}
          onCopied={onCopied}
        />
      </div>
    </div>
  );
}
