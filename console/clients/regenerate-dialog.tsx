import type { ClientView } from "../../shared/model/client.ts";
import type { Credentials } from "../api/admin-api.ts";
import { minutesOf } from "../parts/time-words.ts";
import { useSession } from "../sign-in/session.tsx";
import { ConfirmDialog } from "./confirm-dialog.tsx";
import { Consequences } from "./consequences.tsx";
import { useChange } from "./use-change.ts";

interface RegenerateDialogProps {
  client: ClientView;
  onRegenerated: (credentials: Credentials) => void;
  onClose: () => void;
}

/** Asks before a client's secret is replaced, and names the consequences. */
export function RegenerateDialog({ client, onRegenerated, onClose }: RegenerateDialogProps) {
  const { api, settings } = useSession();
  const change = useChange();
  const lifetime = minutesOf(settings.token_lifetime_seconds);
  return (
    <ConfirmDialog
      client={client}
      title="Regenerate the secret?"
      action={["Regenerate secret", "Regenerating…"]}
      change={change}
      onConfirm={() => void change.run(() => api.regenerateSecret(client.client_id), onRegenerated)}
      onClose={onClose}
    >
      <Consequences client={client}>
        <li>
          <strong>The current secret stops working at once.</strong> There is no grace period: every integration that
          uses it fails to get tokens until it has the new one.
        </li>
        <li>Tokens that it has already got stay valid until they expire, up to {lifetime}.</li>
      </Consequences>
    </ConfirmDialog>
  );
}
