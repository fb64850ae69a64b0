import { makeStyles, tokens } from "@fluentui/react-components";

/** Below this width a row becomes a card. */
const NARROW = "@media (max-width: 37.49em)";
/** Below the width of six columns, four of them: the client_id goes below the name, the creation below the last use. */
const MEDIUM = "@media (min-width: 37.5em) and (max-width: 63.99em)";

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
    [MEDIUM]: { gridTemplateColumns: "minmax(12rem, 2.4fr) 5rem minmax(8rem, 1.6fr) minmax(10.5rem, 1.2fr)" },
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
    // Still there for screen readers.
    [NARROW]: { position: "absolute", clipPath: "inset(50%)", width: "1px", height: "1px", overflow: "hidden" },
  },
  /** The header of a column that has become the second line of another one: it stays for screen readers. */
  secondHeader: { [MEDIUM]: { position: "absolute", clipPath: "inset(50%)", width: "1px", overflow: "hidden" } },
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
  first: { [MEDIUM]: { gridArea: "1 / 1", minHeight: 0, alignSelf: "end", paddingBlockEnd: 0 } },
  belowFirst: { [MEDIUM]: { gridArea: "2 / 1", minHeight: 0, alignSelf: "start", paddingBlockStart: 0 } },
  middle: { [MEDIUM]: { gridRow: "1 / 3" } },
  last: { [MEDIUM]: { gridArea: "1 / 4", minHeight: 0, alignSelf: "end", paddingBlockEnd: 0 } },
  belowLast: { [MEDIUM]: { gridArea: "2 / 4", minHeight: 0, alignSelf: "start", paddingBlockStart: 0 } },
  /** The header of a column, in a second line. */
  secondCaption: {
    [MEDIUM]: { display: "inline", marginInlineEnd: tokens.spacingHorizontalS },
  },
  /** The header of a column, on a card. */
  caption: {
    display: "none",
    color: tokens.colorNeutralForeground3,
    fontSize: tokens.fontSizeBase200,
    [NARROW]: { display: "inline", marginInlineEnd: tokens.spacingHorizontalS },
  },
});
