import type { ClientTable } from "../../shared/clients/client-table.ts";
import type { ReadSecretPage } from "../../shared/clients/secret-pages.ts";
import type { SecretVault } from "../../shared/clients/secret-store.ts";
import type { FakeSecretVault } from "../fakes/fake-secret-vault.ts";
import type { FakeTable } from "../fakes/fake-table.ts";

/** A call of an SDK method to a store. */
export interface StoreCall {
  readonly method: string;
  readonly args: readonly unknown[];
}

/** Decides the outcome of a call; `perform` executes it in the store. */
export type Carrier = <T>(call: StoreCall, perform: () => Promise<T>) => Promise<T>;

/** A table as one instance reaches it. */
export function carriedTable(table: FakeTable, carry: Carrier): ClientTable {
  const list: ClientTable["listEntities"] = (options) =>
    carriedList(table.listEntities(options), "listEntities", carry);
  return {
    ...carriedMethods(table, ["getEntity", "createEntity", "updateEntity", "submitTransaction"], carry),
    listEntities: list,
  };
}

/** A vault of secrets as one instance reaches it. */
export function carriedVault(vault: FakeSecretVault, carry: Carrier): SecretVault & { readPage: ReadSecretPage } {
  return carriedMethods(vault, ["setSecret", "getSecret", "updateSecretProperties", "readPage"], carry);
}

function carriedMethods<T extends object, Name extends keyof T & string>(
  store: T,
  names: readonly Name[],
  carry: Carrier,
): Pick<T, Name> {
  const entries = names.map((method) => {
    const perform = store[method] as (...args: unknown[]) => Promise<unknown>;
    return [method, (...args: unknown[]) => carry({ method, args }, () => perform(...args))];
  });
  return Object.fromEntries(entries) as Pick<T, Name>;
}

/** Carries every page of a list as a call of its own. */
function carriedList(
  list: ReturnType<ClientTable["listEntities"]>,
  method: string,
  carry: Carrier,
): ReturnType<ClientTable["listEntities"]> {
  return {
    byPage: (settings) => {
      const pages = list.byPage(settings);
      return { next: () => carry({ method, args: [settings] }, () => pages.next()) };
    },
  };
}
