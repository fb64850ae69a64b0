import type { ClientView } from "../../shared/model/client.ts";
import type { Credentials } from "../api/admin-api.ts";
import { SecretDialog } from "../secret/secret-dialog.tsx";
import type { News } from "./client-news.tsx";
import { CreateDialog } from "./create-dialog.tsx";
import { shownName } from "./damage.tsx";
import { DisableDialog } from "./disable-dialog.tsx";
import { RegenerateDialog } from "./regenerate-dialog.tsx";

/** The open dialog; there is one at a time. */
export type OpenDialog =
  | { kind: "create" }
  | { kind: "regenerate" | "disable"; client: ClientView }
  | { kind: "secret"; title: string; name: string; credentials: Credentials; event: News["event"] };

interface ClientDialogsProps {
  dialog: OpenDialog;
  onChange: (dialog: OpenDialog | undefined) => void;
  /** Called after every dialog that may have changed a client, with the news if it did. */
  onClientChanged: (news?: News) => void;
}

/** Shows the open dialog, and the dialog that follows it. */
export function ClientDialogs({ dialog, onChange, onClientChanged }: ClientDialogsProps) {
  const close = (news?: News) => {
    onChange(undefined);
    onClientChanged(news);
  };
  switch (dialog.kind) {
    case "create":
      return (
        <CreateDialog
          onCreated={(credentials, { name }) =>
            onChange({ kind: "secret", title: "API client created", name, credentials, event: "is created" })
          }
          onClose={() => close()}
        />
      );
    case "regenerate":
      return (
        <RegenerateDialog
          client={dialog.client}
          onRegenerated={(credentials) =>
            onChange({
              kind: "secret",
              title: "New secret",
              name: shownName(dialog.client),
              credentials,
              event: "has a new secret",
            })
          }
          onClose={() => close()}
        />
      );
    case "disable":
      return (
        <DisableDialog
          client={dialog.client}
          onDisabled={() =>
            close({ event: "is disabled", name: shownName(dialog.client), clientId: dialog.client.client_id })
          }
          onClose={() => close()}
        />
      );
    case "secret": {
      const { title, name, credentials, event } = dialog;
      return (
        <SecretDialog
          title={title}
          name={name}
          credentials={credentials}
          onClose={() => close({ event, name, clientId: credentials.client_id })}
        />
      );
    }
  }
}
