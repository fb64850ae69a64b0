import type { ClientRow, ClientStore } from "../../shared/clients/client-store.ts";
import type { ClientTable } from "../../shared/clients/client-table.ts";
import type { ReadSecretPage } from "../../shared/clients/secret-pages.ts";
import type { SecretVault } from "../../shared/clients/secret-store.ts";
import type { RetryPolicy } from "../../shared/request/retry.ts";
import type { Credentials } from "../../shared/tokens/client-auth.ts";
import { type KnownClient, LastKnownClients } from "../../shared/tokens/last-known-clients.ts";
import type { Row } from "../fakes/fake-table.ts";

/** What the request under way is about, as far as a mutant has to know. */
export interface Context {
  readonly kind: string;
  readonly clientId: string | undefined;
  /** The client's row as the request has read it last. */
  readonly row: Row | undefined;
}

interface Parts {
  readonly table: ClientTable;
  readonly vault: SecretVault;
  readonly retry: RetryPolicy;
  readonly context: () => Context;
}

/** A fault that somebody could make in the storage protocol: it wraps the SDK's clients of an instance, or the stores on them. */
export interface Mutant {
  table?(parts: Parts): Partial<ClientTable>;
  vault?(parts: Parts): Partial<SecretVault>;
  clients?(clients: ClientStore, parts: Parts): Partial<ClientStore>;
  hints?(parts: Parts): LastKnownClients;
  readPage?(readPage: ReadSecretPage): ReadSecretPage;
}

/** Hints that are taken for the row by the request that recalls them. */
class TrustedHints extends LastKnownClients {
  static readonly recalled = new WeakMap<Context, ClientRow>();
  readonly #context: () => Context;

  constructor(context: () => Context) {
    super();
    this.#context = context;
  }

  override get(credentials: Credentials): KnownClient | undefined {
    const hint = super.get(credentials);
    if (hint) TrustedHints.recalled.set(this.#context(), { ...hint, status: "active" } as ClientRow);
    return hint;
  }
}

type Update = ClientTable["updateEntity"];

/** The mutants that the model test has to find, by what is wrong with them. */
export const MUTANTS: Record<string, Mutant> = {
  "the etag is * at commit": {
    table: ({ table }) => ({
      updateEntity: (entity, mode, options) =>
        table.updateEntity(entity, mode, "secretName" in entity ? { ...options, etag: "*" } : options),
    }),
  },
  "a new secret is committed with Replace": replacing((entity) => "secretName" in entity),
  "a client is disabled with Replace": replacing((entity) => "status" in entity),
  "use is recorded with Replace, in the client's row": replacing((entity) => entity.rowKey === "usage"),
  "rows are cached": {
    table: ({ table, context }) => {
      const rows = new Map<string, ReturnType<ClientTable["getEntity"]>>();
      return {
        getEntity: (partitionKey, rowKey, options) => {
          if (context().kind !== "token") return table.getEntity(partitionKey, rowKey, options);
          const row = rows.get(partitionKey) ?? table.getEntity(partitionKey, rowKey, options);
          rows.set(partitionKey, row);
          row.catch(() => rows.delete(partitionKey));
          // biome-ignore lint/suspicious/noExplicitAny: the SDK's method is generic in the columns of a row
          return row as any;
        },
      };
    },
  },
  "a hint decides": {
    hints: ({ context }) => new TrustedHints(context),
    clients: (clients, { context }) => ({
      find: async (clientId, call) => TrustedHints.recalled.get(context()) ?? clients.find(clientId, call),
    }),
  },
  "hashes are cached by client_id": {
    vault: ({ vault, context }) => {
      const secrets = new Map<string, ReturnType<SecretVault["getSecret"]>>();
      return {
        getSecret: (name, options) => {
          const { kind, clientId = "" } = context();
          if (kind !== "token") return vault.getSecret(name, options);
          const secret = secrets.get(clientId) ?? vault.getSecret(name, options);
          secrets.set(clientId, secret);
          secret.catch(() => secrets.delete(clientId));
          return secret;
        },
      };
    },
  },
  "a 412 of our own retry is trusted": committing((error) => (isConflict(error) ? false : undefined)),
  "a time-out is taken as unchanged": committing((error) => (isConflict(error) ? undefined : false)),
  "a commit that failed is taken for done": committing((error) => (isConflict(error) ? undefined : true)),
  "the old secret is locked before the commit": {
    clients: (clients, { vault }) => ({
      async replaceSecret(row, secretName, call) {
        const { properties } = await vault.getSecret(row.secretName);
        await vault.updateSecretProperties(row.secretName, properties.version ?? "", { enabled: false });
        return clients.replaceSecret(row, secretName, call);
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

/** A write of the whole row as it was read, whatever has become of it since: the SDK's default for an etag is `*`. */
function replacing(isMutated: (entity: Record<string, unknown>) => boolean): Mutant {
  return {
    table: ({ table, context }) => {
      const updateEntity: Update = (entity, mode, options) => {
        const { row } = context();
        if (!row || !isMutated(entity)) return table.updateEntity(entity, mode, options);
        const { etag: _, ...columns } = row;
        return table.updateEntity({ ...columns, ...entity, rowKey: "client" }, "Replace", { ...options, etag: "*" });
      };
      return { updateEntity };
    },
  };
}

/** A commit of a new secret that does not read the row again after an error, where `judge` says what became of it. */
function committing(judge: (error: unknown) => boolean | undefined): Mutant {
  return {
    clients: (clients, { table, retry }) => ({
      async replaceSecret(row: ClientRow, secretName, call) {
        const entity = { partitionKey: row.clientId, rowKey: "client", secretName };
        const run = (abortSignal: AbortSignal) =>
          table.updateEntity(entity, "Merge", { etag: row.etag, abortSignal }).then(() => true);
        return retry({ name: "table merge secret", run, isAnswer: isConflict }, call).catch((error) => {
          const judged = judge(error);
          return judged ?? clients.replaceSecret(row, secretName, call);
        });
      },
    }),
  };
}

function isConflict(error: unknown): boolean {
  return error instanceof Error && "statusCode" in error && error.statusCode === 412;
}
