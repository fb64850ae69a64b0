import { Button, Field, makeStyles, SearchBox, Select, Tooltip, tokens } from "@fluentui/react-components";
import { ArrowClockwiseRegular } from "@fluentui/react-icons/svg/arrow-clockwise";
import { useEffect, useRef, useState } from "react";
import { CLIENT_STATUSES } from "../../shared/model/client.ts";
import { containsClientSecret } from "../../shared/model/secret-pattern.ts";
import type { ChangeView, View } from "./use-view.ts";

const SEARCH_AFTER_MS = 300;

const useStyles = makeStyles({
  root: { display: "flex", flexWrap: "wrap", alignItems: "start", gap: tokens.spacingHorizontalM },
  search: { flex: "1 1 16rem", maxWidth: "28rem" },
  box: { width: "100%", maxWidth: "none" },
});

interface ClientFiltersProps {
  view: View;
  onChange: ChangeView;
  onReload: () => void;
}

/** The search, which filters the list during typing, and the filter by status. */
export function ClientFilters({ view, onChange, onReload }: ClientFiltersProps) {
  const styles = useStyles();
  const [text, setText] = useState(view.search);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => setText(view.search), [view.search]);
  useEffect(() => () => clearTimeout(timer.current), []);

  // The search is part of the address, and ends up in logs of gateways.
  const isSecret = containsClientSecret(text);
  const search = (value: string) => {
    setText(value);
    clearTimeout(timer.current);
    if (containsClientSecret(value)) return;
    timer.current = setTimeout(() => onChange({ search: value.trim(), page: 1 }, "replace"), SEARCH_AFTER_MS);
  };

  return (
    <search className={styles.root}>
      <Field
        className={styles.search}
        {...(isSecret && {
          validationMessage:
            "This looks like a client secret. Search by name or client_id; if it leaked, regenerate it.",
        })}
      >
        <SearchBox
          className={styles.box}
          aria-label="Search by name, description or client_id"
          placeholder="Search by name, description or client_id"
          autoComplete="off"
          value={text}
          onChange={(_, { value }) => search(value)}
        />
      </Field>
      <Select
        aria-label="Status"
        value={view.status ?? ""}
        onChange={(_, { value }) => onChange({ status: CLIENT_STATUSES.find((status) => status === value), page: 1 })}
      >
        <option value="">All statuses</option>
        <option value="active">Active</option>
        <option value="disabled">Disabled</option>
      </Select>
      <Tooltip content="Refresh" relationship="label">
        <Button icon={<ArrowClockwiseRegular />} onClick={onReload} />
      </Tooltip>
    </search>
  );
}
