import { Checkbox, makeStyles, Text, tokens } from "@fluentui/react-components";
import { ErrorCircleFilled } from "@fluentui/react-icons/svg/error-circle";
import { type ReactNode, useId } from "react";
import { SCOPE_PERMISSIONS, SCOPES } from "../../shared/model/scopes.ts";

const useStyles = makeStyles({
  root: { border: "none", margin: 0, padding: 0, minWidth: 0, display: "grid" },
  legend: { padding: 0, fontSize: tokens.fontSizeBase300, lineHeight: tokens.lineHeightBase300 },
  required: { color: tokens.colorPaletteRedForeground3, marginInlineStart: tokens.spacingHorizontalXS },
  hint: { color: tokens.colorNeutralForeground3 },
  // In line with the other fields.
  choice: { marginInlineStart: `calc(-1 * ${tokens.spacingHorizontalS})` },
  scope: { display: "grid" },
  error: {
    display: "flex",
    alignItems: "center",
    gap: tokens.spacingHorizontalXS,
    color: tokens.colorPaletteRedForeground1,
  },
});

interface ScopeChoiceProps {
  chosen: readonly string[];
  error: ReactNode;
  onChange: (chosen: string[]) => void;
}

/** The choice of scopes, each with its permission. */
export function ScopeChoice({ chosen, error, onChange }: ScopeChoiceProps) {
  const styles = useStyles();
  const hintId = useId();
  const errorId = useId();
  return (
    <fieldset className={styles.root} aria-describedby={error ? `${errorId} ${hintId}` : hintId}>
      <legend className={styles.legend}>
        Scopes
        <span className={styles.required} aria-hidden>
          *
        </span>
      </legend>
      <Text id={hintId} size={200} className={styles.hint}>
        Only what the integration needs: they cannot be changed later.
      </Text>
      {SCOPES.map((scope) => (
        <Checkbox
          key={scope}
          className={styles.choice}
          name="scopes"
          checked={chosen.includes(scope)}
          onChange={(_, { checked }) =>
            onChange(SCOPES.filter((other) => (other === scope ? checked : chosen.includes(other))))
          }
          label={
            <span className={styles.scope}>
              <Text weight="semibold" translate="no">
                {scope}
              </Text>
              <Text size={200} className={styles.hint}>
                {SCOPE_PERMISSIONS[scope]}
              </Text>
            </span>
          }
        />
      ))}
      <Text id={errorId} size={200} className={styles.error} role="alert">
        {error && <ErrorCircleFilled />}
        {error}
      </Text>
    </fieldset>
  );
}
