import { Badge } from "@fluentui/react-components";
import type { ClientStatus } from "../../shared/model/client.ts";
import { ChangingText } from "../parts/changing-text.tsx";

/** Whether a client can get tokens, in a word and a colour. */
export function StatusBadge({ status }: { status: ClientStatus }) {
  return status === "active" ? (
    <Badge appearance="tint" color="success">
      <ChangingText>Active</ChangingText>
    </Badge>
  ) : (
    <Badge appearance="tint" color="informative">
      <ChangingText>Disabled</ChangingText>
    </Badge>
  );
}
