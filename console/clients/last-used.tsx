import { Badge, makeStyles, tokens } from "@fluentui/react-components";
import { WarningRegular } from "@fluentui/react-icons/svg/warning";
import type { ClientView } from "../../shared/model/client.ts";
import { ChangingText } from "../parts/changing-text.tsx";
import { TimeText } from "../parts/time-text.tsx";
import { isReadable, Unreadable } from "./damage.tsx";

const UNUSED_AFTER_DAYS = 90;
/** An integration that was set up with a new client has asked for a token by then. */
const NEW_FOR_DAYS = 7;
const DAY_MS = 86_400_000;

const useStyles = makeStyles({
  root: { display: "flex", flexWrap: "wrap", columnGap: tokens.spacingHorizontalM },
  badge: { whiteSpace: "nowrap" },
});

type Used = Pick<ClientView, "status" | "created_at" | "last_used_at" | "damaged">;

/** The last time a client got a token. An active client without use is marked, unless it is new: it is probably not needed. */
export function LastUsed({ client }: { client: Used }) {
  const styles = useStyles();
  const { last_used_at: at } = client;
  // No time would be "never used", and such clients get disabled.
  if (!isReadable(client, "last_used_at")) return <Unreadable />;
  const marked = client.status === "active" && isUnused(client);
  const words = at === null ? "Never used" : `Not used for ${UNUSED_AFTER_DAYS} days`;
  return (
    <span className={styles.root}>
      {marked && (
        <Badge className={styles.badge} appearance="tint" color="warning" icon={<WarningRegular />}>
          <ChangingText>{words}</ChangingText>
        </Badge>
      )}
      {at !== null && <TimeText at={at} />}
      {at === null && !marked && <ChangingText>{words}</ChangingText>}
    </span>
  );
}

function isUnused({ last_used_at: at, created_at: created, damaged }: Used): boolean {
  const isOlderThan = (time: string, days: number) => Date.now() - Date.parse(time) > days * DAY_MS;
  if (at !== null) return isOlderThan(at, UNUSED_AFTER_DAYS);
  return !isReadable({ damaged }, "created_at") || isOlderThan(created, NEW_FOR_DAYS);
}
