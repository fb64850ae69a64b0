import type { ClientView } from "../../shared/model/client.ts";
import type { Credentials } from "../api/admin-api.ts";
import { SecretDialog } from "../secret/secret-dialog.tsx";
import { CreateDialog } from "./create-dialog.tsx";
import { shownName } from "./damage.tsx";
import { DisableDialog } from "./disable-dialog.tsx";
import { RegenerateDialog } from "./regenerate-dialog.tsx";

/** The one dialog that is open. */
export type OpenDialog =
  | { kind: "create" }
  | { kind: "regenerate" | "disable"; client: ClientView }
  | { kind: "secret"; title: string; name: string; credentials: Credentials };

interface ClientDialogsProps {
  dialog: OpenDialog;
  onChange: (dialog: OpenDialog | undefined) => void;
  /** Hears of everything that may have changed a client; with what there is to say about it. */
  onClientChanged: (news?: string) => void;
}

/** Shows the dialog that is open, and what follows from it. */
export function ClientDialogs({ dialog, onChange, onClientChanged }: ClientDialogsProps) {
  const close = () => {
    onChange(undefined);
    onClientChanged();
  };
  switch (dialog.kind) {
    case "create":
      return (
        <CreateDialog
          onCreated={(credentials, { name }) =>
            onChange({ kind: "secret", title: "API client created", name, credentials })
          }
          onClose={close}
        />
      );
    case "regenerate":
      return (
        <RegenerateDialog
          client={dialog.client}
          onRegenerated={(credentials) =>
            onChange({ kind: "secret", title: "New secret", name: shownName(dialog.client), credentials })
          }
          onClose={close}
        />
      );
    case "disable":
      return (
        <DisableDialog
          client={dialog.client}
          onDisabled={() => {
            onChange(undefined);
            onClientChanged(`${dialog.client.client_id} is disabled.`);
          }}
          onClose={close}
        />
      );
    case "secret":
      return <SecretDialog title={dialog.title} name={dialog.name} credentials={dialog.credentials} onClose={close} />;
  }
}
