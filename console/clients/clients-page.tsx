import { Button, makeStyles, Text, Title2, tokens, useRestoreFocusTarget } from "@fluentui/react-components";
import { AddRegular } from "@fluentui/react-icons/svg/add";
import { useCallback, useEffect, useRef, useState } from "react";
import { PageHeader } from "../parts/page-header.tsx";
import { ClientDialogs, type OpenDialog } from "./client-dialogs.tsx";
import { ClientList } from "./client-list.tsx";
import { ClientNews, type News } from "./client-news.tsx";
import { DetailsDrawer } from "./details-drawer.tsx";
import { loadDraft } from "./draft.ts";
import { useView } from "./use-view.ts";

const useStyles = makeStyles({
  root: { minHeight: "100vh", backgroundColor: tokens.colorNeutralBackground3 },
  main: {
    display: "grid",
    gap: tokens.spacingVerticalL,
    gridTemplateColumns: "minmax(0, 1fr)",
    maxWidth: "90rem",
    margin: "0 auto",
    padding: `${tokens.spacingVerticalXXL} ${tokens.spacingHorizontalXXL}`,
    boxSizing: "border-box",
    "@media (max-width: 40em)": { padding: `${tokens.spacingVerticalL} ${tokens.spacingHorizontalL}` },
  },
  heading: {
    display: "flex",
    flexWrap: "wrap",
    alignItems: "end",
    justifyContent: "space-between",
    gap: tokens.spacingHorizontalL,
  },
  titles: { display: "grid", gap: tokens.spacingVerticalXS, maxWidth: "44rem" },
  intro: { color: tokens.colorNeutralForeground2 },
});

/** Admin > API Clients: the list of clients, and the dialogs for their actions. */
export function ClientsPage() {
  const styles = useStyles();
  const restoreFocus = useRestoreFocusTarget();
  const [view, changeView] = useView();
  const [dialog, setDialog] = useState<OpenDialog | undefined>(() => (loadDraft() ? { kind: "create" } : undefined));
  const heading = useRef<HTMLDivElement>(null);
  const formCameBack = useRef(dialog !== undefined);
  const [version, setVersion] = useState(0);
  const [news, setNews] = useState<News>();

  const create = () => setDialog({ kind: "create" });
  const onClientChanged = useCallback((what?: News) => {
    setVersion((current) => current + 1);
    setNews(what);
  }, []);

  // No button opened a form that came back with a draft, so nothing else gives the focus back after it.
  useEffect(() => {
    if (dialog || !formCameBack.current) return;
    formCameBack.current = false;
    heading.current?.querySelector("button")?.focus();
  }, [dialog]);

  return (
    <div className={styles.root}>
      <PageHeader />
      <main className={styles.main}>
        <div ref={heading} className={styles.heading}>
          <div className={styles.titles}>
            <Title2 as="h1">API Clients</Title2>
            <Text className={styles.intro}>
              Each integration gets short-lived tokens with a client of its own. Use one client for each integration and
              each environment, and disable those that nobody uses.
            </Text>
          </div>
          <Button appearance="primary" icon={<AddRegular />} onClick={create} {...restoreFocus}>
            Create Client
          </Button>
        </div>
        {news && (
          <ClientNews
            key={`${news.clientId} ${news.event}`}
            news={news}
            onShow={(client) => changeView({ client })}
            onDismiss={() => setNews(undefined)}
          />
        )}
        <ClientList view={view} version={version} onView={changeView} onCreate={create} />
      </main>
      {view.client && (
        <DetailsDrawer
          clientId={view.client}
          version={version}
          onRegenerate={(client) => setDialog({ kind: "regenerate", client })}
          onDisable={(client) => setDialog({ kind: "disable", client })}
          onClose={() => changeView({ client: undefined })}
        />
      )}
      {dialog && <ClientDialogs dialog={dialog} onChange={setDialog} onClientChanged={onClientChanged} />}
    </div>
  );
}
