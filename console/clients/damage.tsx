import { Badge, MessageBar, MessageBarBody, MessageBarTitle } from "@fluentui/react-components";
import type { ClientView } from "../../shared/model/client.ts";

/** Returns whether a stored column can be read. */
export function isReadable({ damaged = [] }: Pick<ClientView, "damaged">, column: string): boolean {
  return !damaged.includes(column);
}

/** Returns the name of a client on the page: its own, or its client_id where the name cannot be read. */
export function shownName(client: Pick<ClientView, "name" | "client_id">): string {
  return client.name || client.client_id;
}

/** Marks a client whose stored record cannot be read in full. */
export function DamagedBadge() {
  return (
    <Badge appearance="tint" color="danger">
      Damaged
    </Badge>
  );
}

/** The replacement of a value that cannot be read. */
export function Unreadable() {
  return <em>Cannot be read</em>;
}

/** Names the unreadable columns of a client, and the remedies. */
export function DamageNotice({ damaged }: { damaged: readonly string[] }) {
  return (
    <MessageBar intent="warning" layout="multiline">
      <MessageBarBody>
        <MessageBarTitle>The stored record of this client is damaged.</MessageBarTitle>
        This release of SoCMate cannot read: {damaged.join(", ")}. An operator can correct the record. If this client is
        not needed, disable it: that works in any case.
      </MessageBarBody>
    </MessageBar>
  );
}
