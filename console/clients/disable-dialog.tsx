import type { ClientView } from "../../shared/model/client.ts";
import { minutesOf } from "../parts/time-words.ts";
import { useSession } from "../sign-in/session.tsx";
import { ConfirmDialog } from "./confirm-dialog.tsx";
import { Consequences } from "./consequences.tsx";
import { useChange } from "./use-change.ts";

interface DisableDialogProps {
  client: ClientView;
  onDisabled: () => void;
  onClose: () => void;
}

/** Asks before a client is disabled for good. */
export function DisableDialog({ client, onDisabled, onClose }: DisableDialogProps) {
  const { api, settings } = useSession();
  const change = useChange();
  const lifetime = minutesOf(settings.token_lifetime_seconds);
  return (
    <ConfirmDialog
      client={client}
      title="Disable this client?"
      action={["Disable client", "Disabling…"]}
      change={change}
      onConfirm={() => void change.run(() => api.disable(client.client_id), onDisabled)}
      onClose={onClose}
    >
      <Consequences client={client}>
        <li>
          <strong>This is final.</strong> A disabled client cannot be enabled again; create a new one instead.
        </li>
        <li>It gets no more tokens from now on.</li>
        <li>Tokens that it has already got stay valid until they expire, up to {lifetime}.</li>
      </Consequences>
    </ConfirmDialog>
  );
}
