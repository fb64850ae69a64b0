import type { ActiveClient, ClientRow } from "../../shared/clients/client-row.ts";
import type { ClientStore } from "../../shared/clients/client-store.ts";
import type { ClientTable, TableRow, TableWrite } from "../../shared/clients/client-table.ts";
import { type Author, changeRow } from "../../shared/clients/history.ts";
import { type NewSecret, secretColumns } from "../../shared/clients/secret-hints.ts";
import type { ReadSecretPage } from "../../shared/clients/secret-pages.ts";
import type { SecretVault } from "../../shared/clients/secret-store.ts";
import type { RequestContext } from "../../shared/request/context.ts";
import type { RetryPolicy } from "../../shared/request/retry.ts";
import type { Credentials } from "../../shared/tokens/client-auth.ts";
import { LastKnownClients } from "../../shared/tokens/last-known-clients.ts";
import type { Row } from "../fakes/fake-table.ts";

/** The parts of the current request that a mutant needs. */
export interface CurrentRequest {
  readonly kind: string;
  readonly clientId: string | undefined;
  /** The client's row as the request has last read it. */
  readonly row: Row | undefined;
}

interface Parts {
  readonly table: ClientTable;
  readonly vault: SecretVault;
  readonly retry: RetryPolicy;
  readonly currentRequest: () => CurrentRequest;
}

/** A plausible mistake in the storage protocol. It wraps the SDK clients of an instance, or the stores on them. */
export interface Mutant {
  table?(parts: Parts): Partial<ClientTable>;
  usageTable?(parts: Parts): Partial<ClientTable>;
  vault?(parts: Parts): Partial<SecretVault>;
  clients?(clients: ClientStore, parts: Parts): Partial<ClientStore>;
  lastKnown?(parts: Parts): LastKnownClients;
  readPage?(readPage: ReadSecretPage): ReadSecretPage;
}

/** Remembered clients that a request uses in place of the row. */
class TrustedClients extends LastKnownClients {
  static readonly recalled = new WeakMap<CurrentRequest, ClientRow>();
  readonly #currentRequest: () => CurrentRequest;

  constructor(currentRequest: () => CurrentRequest) {
    super();
    this.#currentRequest = currentRequest;
  }

  override get(credentials: Credentials): ActiveClient | undefined {
    const known = super.get(credentials);
    if (known) TrustedClients.recalled.set(this.#currentRequest(), { ...known, status: "active" } as ClientRow);
    return known;
  }
}

/** The mutants that the model test must refute, by their mistake. */
export const MUTANTS: Record<string, Mutant> = {
  "the etag is * at commit": {
    table: ({ table }) => ({
      submitTransaction: (writes, options) =>
        table.submitTransaction(
          writes.map((write) =>
            write[0] === "update" && "secretName" in write[1] ? ["update", write[1], "Merge", { etag: "*" }] : write,
          ),
          options,
        ),
    }),
  },
  "a new secret is committed with Replace": replacing((entity) => "secretName" in entity),
  "a client is disabled with Replace": replacing((entity) => "status" in entity),
  "use is recorded with Replace, in the client's row": {
    usageTable: ({ table, currentRequest }) => ({
      updateEntity: async ({ last_used_at }, _mode, options) => {
        const { etag: _, ...row } = currentRequest().row ?? { etag: "", partitionKey: "", rowKey: "" };
        if (row.partitionKey) await table.updateEntity({ ...row, last_used_at }, "Replace", { ...options, etag: "*" });
      },
    }),
  },
  "rows are cached": {
    table: ({ table, currentRequest }) => {
      const rows = new Map<string, ReturnType<ClientTable["getEntity"]>>();
      return {
        getEntity: (partitionKey, rowKey, options) => {
          if (currentRequest().kind !== "token") return table.getEntity(partitionKey, rowKey, options);
          const row = rows.get(partitionKey) ?? table.getEntity(partitionKey, rowKey, options);
          rows.set(partitionKey, row);
          row.catch(() => rows.delete(partitionKey));
          // biome-ignore lint/suspicious/noExplicitAny: the SDK's method is generic in the columns of a row
          return row as any;
        },
      };
    },
  },
  "a remembered row decides": {
    lastKnown: ({ currentRequest }) => new TrustedClients(currentRequest),
    clients: (clients, { currentRequest }) => ({
      find: async (clientId, context) =>
        TrustedClients.recalled.get(currentRequest()) ?? clients.find(clientId, context),
    }),
  },
  "hashes are cached by client_id": {
    vault: ({ vault, currentRequest }) => {
      const secrets = new Map<string, ReturnType<SecretVault["getSecret"]>>();
      return {
        getSecret: (name, options) => {
          const { kind, clientId = "" } = currentRequest();
          if (kind !== "token") return vault.getSecret(name, options);
          const secret = secrets.get(clientId) ?? vault.getSecret(name, options);
          secrets.set(clientId, secret);
          secret.catch(() => secrets.delete(clientId));
          // The store would not take a hash with another name.
          return secret.then((found) => ({ ...found, name }));
        },
      };
    },
  },
  "a 412 of our own retry is trusted": committing((error) => (isConflict(error) ? false : undefined)),
  "a time-out is taken as unchanged": committing((error) => (isConflict(error) ? undefined : false)),
  "a commit that failed is taken for done": committing((error) => (isConflict(error) ? undefined : true)),
  "a refusal of the second try is taken for one of the write": {
    clients: (_clients, { table, retry }) => ({
      async replaceSecret(row, secret, author, context) {
        const run = commitOf(table, row, secret, author, context);
        const once = () => retry({ name: "table merge secret", run, isAnswer: isConflict, tries: 1 }, context);
        return once().catch(() => once().catch((error) => (isConflict(error) ? false : Promise.reject(error))));
      },
    }),
  },
  "the old secret is disabled before the commit": {
    clients: (clients, { vault }) => ({
      async replaceSecret(row, secret, author, context) {
        const { secretName: old = "" } = row;
        const { properties } = await vault.getSecret(old);
        await vault.updateSecretProperties(old, properties.version ?? "", { enabled: false });
        return clients.replaceSecret(row, secret, author, context);
      },
    }),
  },
  "a change is committed without its history": {
    table: ({ table }) => ({
      submitTransaction: ([write], options) => table.submitTransaction(write ? [write] : [], options),
    }),
  },
  "the history is written before the commit": {
    table: ({ table }) => ({
      submitTransaction: async ([write, ...history], options) => {
        await table.submitTransaction(history, options);
        return table.submitTransaction(write ? [write] : [], options);
      },
    }),
  },
  "the history is written after the commit": {
    table: ({ table }) => ({
      submitTransaction: async ([write, ...history], options) => {
        await table.submitTransaction(write ? [write] : [], options);
        return table.submitTransaction(history, options);
      },
    }),
  },
  "the sweep does not spare young secrets": {
    readPage: (readPage) => async (position, abortSignal) => {
      const { secrets, next } = await readPage(position, abortSignal);
      return { secrets: secrets.map((secret) => ({ ...secret, createdAt: new Date(0) })), next };
    },
  },
};

/** Writes back the whole row as it was read and overwrites later changes: the SDK's default etag is `*`. */
function replacing(isMutated: (entity: Record<string, unknown>) => boolean): Mutant {
  return {
    table: ({ table, currentRequest }) => {
      const replaced = (entity: TableRow) => {
        const { row } = currentRequest();
        if (!row || !isMutated(entity)) return undefined;
        const { etag: _, ...columns } = row;
        return { ...columns, ...entity, rowKey: "client" };
      };
      return {
        submitTransaction: (writes, options) => {
          const mutated = writes.map((write) => {
            const row = write[0] === "update" && replaced(write[1]);
            return row ? (["update", row, "Replace", { etag: "*" }] as unknown as TableWrite) : write;
          });
          return table.submitTransaction(mutated, options);
        },
      };
    },
  };
}

/** Commits a new secret without reading the row again after an error for which `judge` knows the outcome. */
function committing(judge: (error: unknown) => boolean | undefined): Mutant {
  return {
    clients: (clients, { table, retry }) => ({
      async replaceSecret(row, secret, author, context) {
        const run = commitOf(table, row, secret, author, context);
        return retry({ name: "table merge secret", run, isAnswer: isConflict }, context).catch((error) => {
          const judged = judge(error);
          return judged ?? clients.replaceSecret(row, secret, author, context);
        });
      },
    }),
  };
}

/** Returns the commit of a new secret as the store makes it, without what the store does after an error. */
function commitOf(
  table: ClientTable,
  before: ClientRow,
  secret: NewSecret,
  author: Author,
  { requestId }: RequestContext,
): (abortSignal: AbortSignal) => Promise<true> {
  const { clientId, etag = "" } = before;
  const row = { partitionKey: clientId, rowKey: "client", ...secretColumns(secret, author, before) };
  const change = changeRow(clientId, { action: "regenerate", ...author, requestId });
  return async (abortSignal) => {
    await table.submitTransaction(
      [
        ["update", row, "Merge", { etag }],
        ["create", change],
      ],
      { abortSignal },
    );
    return true;
  };
}

function isConflict(error: unknown): boolean {
  return error instanceof Error && "statusCode" in error && error.statusCode === 412;
}
