import { makeStyles, Text, tokens } from "@fluentui/react-components";
import { ShieldKeyholeFilled } from "@fluentui/react-icons/svg/shield-keyhole";
import type { ReactNode } from "react";

/** The width of a phone. */
export const PHONE = "@media (max-width: 40em)";

const useStyles = makeStyles({
  root: {
    display: "flex",
    alignItems: "center",
    gap: tokens.spacingHorizontalM,
    boxSizing: "border-box",
    height: "3rem",
    paddingInline: tokens.spacingHorizontalXXL,
    backgroundColor: tokens.colorNeutralBackground1,
    borderBottom: `1px solid ${tokens.colorNeutralStroke2}`,
    [PHONE]: { paddingInline: tokens.spacingHorizontalL },
  },
  brand: { display: "flex", alignItems: "center", gap: tokens.spacingHorizontalS, flexGrow: 1, flexShrink: 0 },
  icon: { fontSize: "1.5rem", color: tokens.colorBrandForeground1 },
  /** The heading says it as well, where there is no room. */
  here: { display: "flex", gap: tokens.spacingHorizontalS, [PHONE]: { display: "none" } },
});

/** The bar on top of every page. `index.html` has the same one until this is there. */
export function FrameHeader({ children }: { children?: ReactNode }) {
  const styles = useStyles();
  return (
    <header className={styles.root}>
      <span className={styles.brand}>
        <ShieldKeyholeFilled className={styles.icon} />
        <Text weight="semibold">SoCMate</Text>
        <span className={styles.here}>
          <Text aria-hidden>/</Text>
          <Text>Admin</Text>
          <Text aria-hidden>/</Text>
          <Text>API Clients</Text>
        </span>
      </span>
      {children}
    </header>
  );
}
