import { makeStyles, tokens } from "@fluentui/react-components";

/** Below this width, which the columns need, a row becomes a card. */
const NARROW = "@media (max-width: 63.99em)";

/** The columns of the list, which header and rows share. */
export const useRowStyles = makeStyles({
  row: {
    display: "grid",
    gridTemplateColumns:
      "minmax(10rem, 1.9fr) minmax(12rem, 2fr) 5rem minmax(9rem, 1.9fr) minmax(7rem, 0.7fr) minmax(10.5rem, 1fr)",
    columnGap: tokens.spacingHorizontalL,
    paddingInline: tokens.spacingHorizontalL,
    alignItems: "center",
    // A row is no control, so nothing happens to it under the pointer.
    ":hover": { backgroundColor: "unset" },
    ":active": { backgroundColor: "unset" },
    [NARROW]: {
      gridTemplateColumns: "minmax(0, 1fr)",
      rowGap: tokens.spacingVerticalS,
      paddingBlock: tokens.spacingVerticalM,
    },
  },
  header: {
    backgroundColor: tokens.colorNeutralBackground2,
    ":hover": { backgroundColor: tokens.colorNeutralBackground2 },
    ":active": { backgroundColor: tokens.colorNeutralBackground2 },
    // Still there for those who listen.
    [NARROW]: { position: "absolute", clipPath: "inset(50%)", width: "1px", height: "1px", overflow: "hidden" },
  },
  headerCell: { paddingInline: 0, fontWeight: tokens.fontWeightSemibold },
  cell: {
    height: "auto",
    minHeight: "2.75rem",
    minWidth: 0,
    boxSizing: "border-box",
    paddingInline: 0,
    paddingBlock: tokens.spacingVerticalSNudge,
    [NARROW]: { minHeight: 0, paddingBlock: 0 },
  },
  /** What a column's header says, on a card. */
  caption: {
    display: "none",
    color: tokens.colorNeutralForeground3,
    fontSize: tokens.fontSizeBase200,
    [NARROW]: { display: "inline", marginInlineEnd: tokens.spacingHorizontalS },
  },
});
