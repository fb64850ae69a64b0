import { useCallback, useMemo, useSyncExternalStore } from "react";
import { CLIENT_STATUSES, type ClientStatus } from "../../shared/model/client.ts";

/** The state of the page in the query of its address, so that Back, reload and bookmarks work. */
export interface View {
  search: string;
  status: ClientStatus | undefined;
  /** From 1. */
  page: number;
  /** The client_id of the client whose details are open. */
  client: string | undefined;
}

/** Changes the view. Quick changes replace each other in the history, so that the last one stays. */
export type ChangeView = (change: Partial<View>, history?: "push" | "replace") => void;

const CHANGED = "viewchange";

/** Returns the current view and the function that changes it. */
export function useView(): [View, ChangeView] {
  const query = useSyncExternalStore(subscribe, () => location.search);
  const view = useMemo(() => toView(query), [query]);
  const change = useCallback<ChangeView>((part, how = "push") => {
    const next = location.pathname + toQuery({ ...toView(location.search), ...part });
    if (how === "push") history.pushState(undefined, "", next);
    else history.replaceState(undefined, "", next);
    dispatchEvent(new Event(CHANGED));
  }, []);
  return [view, change];
}

function subscribe(onChange: () => void): () => void {
  addEventListener("popstate", onChange);
  addEventListener(CHANGED, onChange);
  return () => {
    removeEventListener("popstate", onChange);
    removeEventListener(CHANGED, onChange);
  };
}

function toView(query: string): View {
  const values = new URLSearchParams(query);
  const page = Number(values.get("page"));
  return {
    search: values.get("search") ?? "",
    status: CLIENT_STATUSES.find((status) => status === values.get("status")),
    page: Number.isSafeInteger(page) && page > 0 ? page : 1,
    client: values.get("client") ?? undefined,
  };
}

function toQuery({ search, status, page, client }: View): string {
  const values = new URLSearchParams();
  if (search) values.set("search", search);
  if (status) values.set("status", status);
  if (page > 1) values.set("page", String(page));
  if (client) values.set("client", client);
  return values.size > 0 ? `?${values}` : "";
}
