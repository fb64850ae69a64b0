import {
  Button,
  DrawerBody,
  DrawerFooter,
  DrawerHeader,
  DrawerHeaderTitle,
  makeStyles,
  OverlayDrawer,
  Subtitle2,
  Text,
  tokens,
  useRestoreFocusTarget,
} from "@fluentui/react-components";
import { DismissRegular } from "@fluentui/react-icons/svg/dismiss";
import { KeyResetRegular } from "@fluentui/react-icons/svg/key-reset";
import { ProhibitedRegular } from "@fluentui/react-icons/svg/prohibited";
import { useCallback } from "react";
import type { ClientView } from "../../shared/model/client.ts";
import { ChangingText } from "../parts/changing-text.tsx";
import { CopyField } from "../parts/copy-field.tsx";
import { ErrorNotice } from "../parts/error-notice.tsx";
import { readingDetailOf } from "../parts/error-words.ts";
import { Facts } from "../parts/facts.tsx";
import { NameText } from "../parts/name-text.tsx";
import { PendingNotice } from "../parts/pending-notice.tsx";
import { scrollShadows } from "../parts/scroll-styles.ts";
import { TimeText } from "../parts/time-text.tsx";
import { exactTime } from "../parts/time-words.ts";
import { useRequest } from "../parts/use-request.ts";
import { SetupGuide } from "../secret/setup-guide.tsx";
import { useSession } from "../sign-in/session.tsx";
import { DamageNotice, isReadable, shownName, Unreadable } from "./damage.tsx";
import { LastUsed } from "./last-used.tsx";
import { scopesOf } from "./scope-words.ts";
import { StatusBadge } from "./status-badge.tsx";

const useStyles = makeStyles({
  drawer: { width: "36rem", maxWidth: "100vw" },
  body: {
    ...scrollShadows(tokens.colorNeutralBackground1),
    display: "grid",
    alignContent: "start",
    gap: tokens.spacingVerticalL,
    paddingBlock: `${tokens.spacingVerticalS} ${tokens.spacingVerticalXXL}`,
    gridTemplateColumns: "minmax(0, 1fr)",
  },
  footer: { flexWrap: "wrap", rowGap: tokens.spacingVerticalS, borderTop: `1px solid ${tokens.colorNeutralStroke2}` },
  scopes: { margin: 0, padding: 0, listStyleType: "none", display: "grid", gap: tokens.spacingVerticalXS },
  times: { display: "flex", flexWrap: "wrap", columnGap: tokens.spacingHorizontalM },
  aside: { color: tokens.colorNeutralForeground3 },
});

interface DetailsDrawerProps {
  clientId: string;
  /** Changes whenever the client may have changed. */
  version: number;
  onRegenerate: (client: ClientView) => void;
  onDisable: (client: ClientView) => void;
  onClose: () => void;
}

/** The details of one client, and its actions. */
export function DetailsDrawer({ clientId, version, onRegenerate, onDisable, onClose }: DetailsDrawerProps) {
  const styles = useStyles();
  const { api } = useSession();
  const restoreFocus = useRestoreFocusTarget();
  const load = useCallback((signal: AbortSignal) => api.get(clientId, signal), [api, clientId]);
  const { data, error, reload } = useRequest(load, version);
  const client = data?.client_id === clientId ? data : undefined;
  return (
    <OverlayDrawer
      open
      position="end"
      className={styles.drawer}
      aria-label="Details of the client"
      onOpenChange={(_, { open }) => open || onClose()}
    >
      <DrawerHeader>
        <DrawerHeaderTitle
          action={<Button appearance="subtle" aria-label="Close" icon={<DismissRegular />} onClick={onClose} />}
        >
          {client ? <NameText text={shownName(client)} /> : <ChangingText>API client</ChangingText>}
        </DrawerHeaderTitle>
      </DrawerHeader>
      <DrawerBody className={styles.body}>
        {error && <ErrorNotice error={error} detail={readingDetailOf(error)} onRetry={reload} />}
        {!client && !error && <PendingNotice label="Loading…" />}
        {client && <Details client={client} />}
      </DrawerBody>
      {client?.status === "active" && (
        <DrawerFooter className={styles.footer}>
          {isReadable(client, "status") && (
            <Button icon={<KeyResetRegular />} onClick={() => onRegenerate(client)} {...restoreFocus}>
              Regenerate secret…
            </Button>
          )}
          <Button icon={<ProhibitedRegular />} onClick={() => onDisable(client)} {...restoreFocus}>
            Disable…
          </Button>
        </DrawerFooter>
      )}
    </OverlayDrawer>
  );
}

function Details({ client }: { client: ClientView }) {
  const styles = useStyles();
  const { settings } = useSession();
  const active = client.status === "active" && isReadable(client, "status");
  const connection = {
    clientId: client.client_id,
    clientSecret: "<client secret>",
    tokenEndpoint: settings.token_endpoint,
    apiUrl: location.origin,
  };
  return (
    <>
      {client.damaged && <DamageNotice damaged={client.damaged} />}
      <CopyField label="Client ID" value={client.client_id} />
      <CopyField label="Token endpoint" value={settings.token_endpoint} />
      <Facts
        facts={{
          Status: <StatusBadge client={client} />,
          ...(client.description && { Description: <NameText text={client.description} /> }),
          ...(!isReadable(client, "description") && { Description: <Unreadable /> }),
          Scopes: (
            <ul className={styles.scopes}>
              {scopesOf(client).map(({ scope, words }) => (
                <li key={scope}>
                  <span translate="no">{scope}</span> <Text className={styles.aside}>{words}</Text>
                </li>
              ))}
              {scopesOf(client).length === 0 && (
                <li>
                  <Unreadable />
                </li>
              )}
            </ul>
          ),
          "Last used": (
            <span className={styles.times}>
              <LastUsed client={client} />
              {client.last_used_at && <Text className={styles.aside}>{exactTime(new Date(client.last_used_at))}</Text>}
            </span>
          ),
          Created: isReadable(client, "created_at") ? (
            <span className={styles.times}>
              <TimeText at={client.created_at} />
              <Text className={styles.aside}>{exactTime(new Date(client.created_at))}</Text>
            </span>
          ) : (
            <Unreadable />
          ),
          "Created by": client.created_by || <Unreadable />,
        }}
      />
      {active && (
        <>
          <Subtitle2 as="h3">Set up the integration</Subtitle2>
          <SetupGuide connection={connection} />
        </>
      )}
    </>
  );
}
