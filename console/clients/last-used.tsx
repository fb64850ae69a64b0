import { Badge, makeStyles, tokens } from "@fluentui/react-components";
import { WarningRegular } from "@fluentui/react-icons/svg/warning";
import type { ClientView } from "../../shared/model/client.ts";
import { ChangingText } from "../parts/changing-text.tsx";
import { TimeText } from "../parts/time-text.tsx";
import { isReadable, Unreadable } from "./damage.tsx";

const UNUSED_AFTER_DAYS = 90;
const DAY_MS = 86_400_000;

const useStyles = makeStyles({
  root: { display: "flex", flexWrap: "wrap", columnGap: tokens.spacingHorizontalM },
  badge: { whiteSpace: "nowrap" },
});

/** When a client last got a token. One that is active but not used stands out: it is probably not needed. */
export function LastUsed({ client }: { client: Pick<ClientView, "status" | "last_used_at" | "damaged"> }) {
  const styles = useStyles();
  const { status, last_used_at: at } = client;
  // No time would be "never used", and such clients get disabled.
  if (!isReadable(client, "last_used_at")) return <Unreadable />;
  const unused = at === null || Date.now() - Date.parse(at) > UNUSED_AFTER_DAYS * DAY_MS;
  const words = at === null ? "Never used" : `Not used for ${UNUSED_AFTER_DAYS} days`;
  return (
    <span className={styles.root}>
      {unused && status === "active" && (
        <Badge className={styles.badge} appearance="tint" color="warning" icon={<WarningRegular />}>
          <ChangingText>{words}</ChangingText>
        </Badge>
      )}
      {at === null ? status === "disabled" && <ChangingText>{words}</ChangingText> : <TimeText at={at} />}
    </span>
  );
}
