import { Text } from "@fluentui/react-components";
import { useCallback, useEffect } from "react";
import type { ClientView } from "../../shared/model/client.ts";
import { ErrorNotice } from "../parts/error-notice.tsx";
import { readingDetailOf } from "../parts/error-words.ts";
import { PendingNotice } from "../parts/pending-notice.tsx";
import { useRequest } from "../parts/use-request.ts";
import { useSession } from "../sign-in/session.tsx";
import { ClientFilters } from "./client-filters.tsx";
import { ClientTable } from "./client-table.tsx";
import { NoClients } from "./no-clients.tsx";
import { Pager } from "./pager.tsx";
import type { ChangeView, View } from "./use-view.ts";

const PAGE_SIZE = 50;

interface ClientListProps {
  view: View;
  /** Changes whenever a client may have changed. */
  version: number;
  onView: ChangeView;
  onCreate: () => void;
}

/** The list of clients: the filters, the table or its replacement, and the pager. */
export function ClientList({ view, version, onView, onCreate }: ClientListProps) {
  const { api } = useSession();
  const { search, status, page } = view;
  const load = useCallback(
    (signal: AbortSignal) => api.list({ search, status, limit: PAGE_SIZE, offset: (page - 1) * PAGE_SIZE }, signal),
    [api, search, status, page],
  );
  const { data, error, pending, reload } = useRequest(load, version);
  const { clients = [], total = 0 } = data ?? {};

  // Clients never go away, but filters do, and addresses can name any page.
  const lastPage = Math.max(Math.ceil(total / PAGE_SIZE), 1);
  useEffect(() => {
    if (data && !pending && page > lastPage) onView({ page: lastPage }, "replace");
  }, [data, pending, page, lastPage, onView]);

  const open = (client: ClientView) => onView({ client: client.client_id });
  const turnTo = (next: number) => {
    onView({ page: next });
    // The pager is at the end of the page that is turned.
    scrollTo({ top: 0 });
  };
  const filtered = search !== "" || status !== undefined;
  return (
    <>
      <ClientFilters view={view} onChange={onView} onReload={reload} />
      {error && <ErrorNotice error={error} detail={readingDetailOf(error)} onRetry={reload} />}
      {!data && pending && <PendingNotice label="Loading clients…" />}
      {error && data && (
        <Text role="status">
          Out of date: below is the last list that came. It may not match your search, and clients may have changed.
        </Text>
      )}
      {clients.length > 0 && (
        <ClientTable clients={clients} pending={pending} outdated={error !== undefined} onOpen={open} />
      )}
      {data && !error && total === 0 && (
        <NoClients
          filtered={filtered}
          onCreate={onCreate}
          onClear={() => onView({ search: "", status: undefined, page: 1 })}
        />
      )}
      {data && total > 0 && <Pager page={page} pageSize={PAGE_SIZE} total={total} onPage={turnTo} />}
    </>
  );
}
