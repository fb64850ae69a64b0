import { makeStyles, tokens } from "@fluentui/react-components";
import { CopyButton } from "./copy-button.tsx";
import { scrollShadows } from "./scroll-styles.ts";

const useStyles = makeStyles({
  root: {
    display: "flex",
    alignItems: "start",
    minWidth: 0,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusMedium,
    backgroundColor: tokens.colorNeutralBackground2,
  },
  box: {
    ...scrollShadows(tokens.colorNeutralBackground2),
    flexGrow: 1,
    minWidth: 0,
    maxHeight: "18rem",
    overflow: "auto",
    borderRadius: tokens.borderRadiusMedium,
    ":focus-visible": { outline: `2px solid ${tokens.colorStrokeFocus2}` },
  },
  code: {
    // As wide as the code, so that its padding scrolls with it.
    width: "max-content",
    margin: 0,
    padding: tokens.spacingVerticalM,
    fontFamily: tokens.fontFamilyMonospace,
    fontSize: tokens.fontSizeBase200,
    lineHeight: tokens.lineHeightBase300,
  },
  copy: { flexShrink: 0, padding: tokens.spacingVerticalXS },
});

interface CodeBlockProps {
  code: string;
  what: string;
  onCopied?: ((text: string) => void) | undefined;
}

/** Code to copy, in a box that scrolls. */
export function CodeBlock({ code, what, onCopied }: CodeBlockProps) {
  const styles = useStyles();
  return (
    <div className={styles.root}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard */}
      <section className={styles.box} tabIndex={0} aria-label={what}>
        <pre className={styles.code} translate="no">
          <code>{code}</code>
        </pre>
      </section>
      <div className={styles.copy}>
        <CopyButton text={code} what={what} onCopied={onCopied} />
      </div>
    </div>
  );
}
