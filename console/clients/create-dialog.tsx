import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  Field,
  Input,
  makeStyles,
  Textarea,
  tokens,
} from "@fluentui/react-components";
import {
  type FormEvent,
  type KeyboardEvent,
  type ReactElement,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { MAX_DESCRIPTION, type NewClient, newClientSchema } from "../../shared/model/client.ts";
import type { FieldError } from "../../shared/model/problem-schema.ts";
import type { Credentials } from "../api/admin-api.ts";
import { ChangingText } from "../parts/changing-text.tsx";
import { ErrorNotice } from "../parts/error-notice.tsx";
import { changeDetailOf } from "../parts/error-words.ts";
import { SlowText } from "../parts/pending-notice.tsx";
import { useSession } from "../sign-in/session.tsx";
import { type Draft, EMPTY_DRAFT, forgetDraft, loadDraft, saveDraft } from "./draft.ts";
import { ScopeChoice } from "./scope-choice.tsx";
import { useChange } from "./use-change.ts";

const useStyles = makeStyles({
  content: { display: "grid", gap: tokens.spacingVerticalL, paddingBlock: tokens.spacingVerticalS },
});

/** A description is a single line. A pasted text may have more of them. */
const LINE_BREAKS = /[\r\n\v\f\u0085\u2028\u2029]+/gu;

interface CreateDialogProps {
  onCreated: (credentials: Credentials, input: NewClient) => void;
  onClose: () => void;
}

/** The form for a new client. The input stays until the client is created or the form is closed. */
export function CreateDialog({ onCreated, onClose }: CreateDialogProps) {
  const styles = useStyles();
  const { api } = useSession();
  const { pending, error, run } = useChange();
  const [draft, setDraft] = useState(() => loadDraft() ?? EMPTY_DRAFT);
  const [submitted, setSubmitted] = useState(false);
  const form = useRef<HTMLFormElement>(null);

  const checked = newClientSchema.safeParse(draft);
  const ownFaults =
    checked.error?.issues.map(({ path, message }) => ({
      field: String(path[0]),
      // The admin API names all scopes there; here they are in sight.
      detail: path[0] === "scopes" && draft.scopes.length === 0 ? "Choose at least one scope." : message,
    })) ?? [];
  const faults = submitted ? [...ownFaults, ...(error?.fields ?? [])] : [];

  const edit = (part: Partial<Draft>) => {
    const next = { ...draft, ...part };
    setDraft(next);
    saveDraft(next);
  };
  const close = () => {
    forgetDraft();
    onClose();
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setSubmitted(true);
    const input = checked.data;
    if (!input) return;
    await run(
      () => api.create(input),
      (credentials) => {
        forgetDraft();
        onCreated(credentials, input);
      },
    );
  };

  // Fluent UI moves the focus only after the form was painted, and a key that is pressed before would miss it.
  useLayoutEffect(() => form.current?.querySelector("input")?.focus(), []);

  // The first fault gets the focus.
  const firstFault = faults[0]?.field;
  useEffect(() => {
    if (submitted && firstFault)
      form.current?.querySelector<HTMLInputElement>(`[name="${CSS.escape(firstFault)}"]`)?.focus();
  }, [submitted, firstFault]);

  return (
    <Dialog open onOpenChange={(_, { type }) => type !== "backdropClick" && !pending && close()}>
      <DialogSurface>
        <form ref={form} noValidate onSubmit={(event) => void submit(event)}>
          <DialogBody>
            <DialogTitle>Create API client</DialogTitle>
            <DialogContent className={styles.content}>
              {error && error.fields.length === 0 && <ErrorNotice error={error} detail={changeDetailOf(error)} />}
              <Field
                label="Name"
                required
                hint="Name it after the integration that it serves."
                {...faultOf("name", faults)}
              >
                <Input
                  name="name"
                  autoComplete="off"
                  placeholder="XSOAR Production"
                  value={draft.name}
                  onChange={(_, { value }) => edit({ name: value })}
                />
              </Field>
              <Field
                label="Description"
                hint={
                  <ChangingText>{`${[...draft.description].length} of ${MAX_DESCRIPTION} characters`}</ChangingText>
                }
                {...faultOf("description", faults)}
              >
                <Textarea
                  name="description"
                  autoComplete="off"
                  placeholder="Palo Alto XSOAR integration for automated investigation"
                  rows={3}
                  value={draft.description}
                  onKeyDown={submitOnEnter}
                  onChange={(_, { value }) => edit({ description: value.replace(LINE_BREAKS, " ") })}
                />
              </Field>
              <ScopeChoice
                chosen={draft.scopes}
                error={faultOf("scopes", faults).validationMessage}
                onChange={(scopes) => edit({ scopes })}
              />
            </DialogContent>
            <DialogActions>
              {pending && <SlowText />}
              <Button disabled={pending} onClick={close}>
                Cancel
              </Button>
              <Button type="submit" appearance="primary" disabledFocusable={pending}>
                <ChangingText>{pending ? "Creating…" : "Create Client"}</ChangingText>
              </Button>
            </DialogActions>
          </DialogBody>
        </form>
      </DialogSurface>
    </Dialog>
  );
}

/** Makes Enter submit, as in every other field, in place of a line break. */
function submitOnEnter(event: KeyboardEvent<HTMLTextAreaElement>): void {
  if (event.key !== "Enter" || event.nativeEvent.isComposing) return;
  event.preventDefault();
  event.currentTarget.form?.requestSubmit();
}

/** Returns the properties of a field that show its faults, all of them. */
function faultOf(field: string, faults: readonly FieldError[]): { validationMessage?: ReactElement } {
  const own = faults.filter((fault) => fault.field === field || fault.field.startsWith(`${field}.`));
  if (own.length === 0) return {};
  return { validationMessage: <ChangingText>{own.map((fault) => fault.detail).join(" ")}</ChangingText> };
}
