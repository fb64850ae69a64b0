import { Button, makeStyles, Text, tokens } from "@fluentui/react-components";
import { ChevronLeftRegular } from "@fluentui/react-icons/svg/chevron-left";
import { ChevronRightRegular } from "@fluentui/react-icons/svg/chevron-right";

const useStyles = makeStyles({
  root: {
    display: "flex",
    flexWrap: "wrap",
    alignItems: "center",
    justifyContent: "space-between",
    gap: tokens.spacingHorizontalM,
  },
  buttons: { display: "flex", gap: tokens.spacingHorizontalS },
});

interface PagerProps {
  page: number;
  pageSize: number;
  total: number;
  onPage: (page: number) => void;
}

/** The number of clients, the part of them on this page, and the buttons for other pages. */
export function Pager({ page, pageSize, total, onPage }: PagerProps) {
  const styles = useStyles();
  const pages = Math.max(Math.ceil(total / pageSize), 1);
  const first = (page - 1) * pageSize + 1;
  const last = Math.min(page * pageSize, total);
  const count = (value: number) => value.toLocaleString("en");
  const one = total === 1 ? "1 client" : `${count(total)} clients`;
  return (
    <nav className={styles.root} aria-label="Pages">
      <Text role="status">{pages === 1 ? one : `${count(first)}–${count(last)} of ${one}`}</Text>
      {pages > 1 && (
        <span className={styles.buttons}>
          <Button icon={<ChevronLeftRegular />} disabledFocusable={page <= 1} onClick={() => onPage(page - 1)}>
            Previous
          </Button>
          <Button
            icon={<ChevronRightRegular />}
            iconPosition="after"
            disabledFocusable={page >= pages}
            onClick={() => onPage(page + 1)}
          >
            Next
          </Button>
        </span>
      )}
    </nav>
  );
}
