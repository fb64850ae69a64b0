import { type Client, isClientId, wholeSeconds } from "../model/client.ts";
import type { RequestContext } from "../request/context.ts";
import { AzureRefused, answerMismatch, type RetryPolicy, Unavailable } from "../request/retry.ts";
import { type ClientRow, type ClientWithUse, toClientRow, toColumns, withUse } from "./client-row.ts";
import type { ClientTable, TableRow, TableWrite } from "./client-table.ts";
import { createCommits, outcomeUnknown } from "./commit.ts";
import { createDamageAlarm } from "./damage-alarm.ts";
import { type Author, changeRow } from "./history.ts";
import { findRow, listRows } from "./read-rows.ts";
import { type NewSecret, secretColumns } from "./secret-hints.ts";
import { isConflict } from "./upsert-row.ts";
import type { UsageStore } from "./usage-store.ts";

// The clients: their rows in Table Storage, the hashes of their secrets in Key Vault, and the sweep that reconciles the two. No transaction
// spans both stores, so the row alone decides: a secret is valid if the row names its vault secret, and one conditional write to the row
// commits a change. The state of the vault secret is defence in depth. The room reaches Azure through ports (client-table.ts,
// SecretVault, secret-pages.ts), so that its tests need no SDK.

/** The name of the table; its partition key is the client id. */
export const CLIENT_TABLE = "apiclients";

const CLIENT_ROW = "client";
/** Where earlier releases wrote the last use of a client. It counts until the client is used again. */
const EARLIER_USAGE_ROW = "usage";
/** Leaves out the history, which grows with every change and which neither a list nor the sweep needs. */
const STATE_ROWS = `RowKey eq '${CLIENT_ROW}' or RowKey eq '${EARLIER_USAGE_ROW}'`;
/** No request can name a row of another partition, so it is no client. The log must not have its key. */
const NAMELESS = { clientId: "a partition that is no client id", damaged: ["PartitionKey"] };

/**
 * Stores clients in Table Storage. Only `insert` writes the status `active`; every other write merges named columns. Each change is one
 * transaction with the row of its history. The outcome of a write whose answer was lost is read from the row. All methods throw
 * {@link Unavailable} for a fault of the service or of the store.
 */
export interface ClientStore {
  /** Reads the current row, without a cache. */
  find(clientId: string, context: RequestContext): Promise<ClientRow | undefined>;
  /** Reads the current row and the time of the last token. */
  findWithUse(clientId: string, context: RequestContext): Promise<ClientWithUse | undefined>;
  /** Lists all clients, newest first. */
  list(context: RequestContext): Promise<ClientWithUse[]>;
  /** Commits a new client, or returns `false` if its client id is taken. */
  insert(client: Client, secret: NewSecret, context: RequestContext): Promise<boolean>;
  /** Commits a new generation of the secret, or returns `false` if the row has changed since `row` was read. */
  replaceSecret(row: ClientRow, secret: NewSecret, author: Author, context: RequestContext): Promise<boolean>;
  /** Disables a client, even if its row is damaged or changes concurrently, and returns the row as read afterwards. Idempotent. */
  disable(clientId: string, author: Author, context: RequestContext): Promise<DisabledClient | undefined>;
  /** Lists the rows of all clients, without their use. */
  rows(context: RequestContext): Promise<ClientRow[]>;
}

/** A client that is disabled. */
export interface DisabledClient {
  readonly client: ClientRow;
  /** `false` if it was disabled before. */
  readonly isChanged: boolean;
}

/** Creates the store over the table of clients. The use of the clients is read, and never written. */
export function createClientStore(
  table: ClientTable,
  usages: Pick<UsageStore, "all" | "find">,
  retry: RetryPolicy,
): ClientStore {
  const alarmIfDamaged = createDamageAlarm();

  const find = async (clientId: string, context: RequestContext): Promise<ClientRow | undefined> => {
    const keys = { partitionKey: clientId, rowKey: CLIENT_ROW };
    const found = await findRow({ table, retry, name: "table get" }, keys, context);
    const row = found && toClientRow(clientId, found);
    if (row) alarmIfDamaged(row, context);
    return row;
  };

  /** Reads the clients of all rows that match a filter, each with its row `usage` of an earlier release if it has one. */
  const scan = async (filter: string, context: RequestContext): Promise<Scanned[]> => {
    const listed = await listRows({ table, retry, name: "table list" }, filter, context);
    const rows = Map.groupBy(listed, ({ rowKey }) => rowKey);
    const earlier = new Map(rows.get(EARLIER_USAGE_ROW)?.map((row) => [row.partitionKey, row]));
    const clientRows = rows.get(CLIENT_ROW) ?? [];
    const named = clientRows.filter(({ partitionKey }) => isClientId(partitionKey));
    if (named.length < clientRows.length) alarmIfDamaged(NAMELESS, context);
    return named.map((row) => {
      const client = toClientRow(row.partitionKey, row);
      return { client, earlierUsage: earlier.get(row.partitionKey) };
    });
  };

  /** Adds the last use, from the table of use or, for a client that has none there, from the row of an earlier release. */
  const withLastUse = ({ client, earlierUsage }: Scanned, usage: object | undefined, context: RequestContext) => {
    const used = withUse(client, usage ?? earlierUsage);
    alarmIfDamaged(used, context);
    return used;
  };

  const { commit, settle } = createCommits(table, retry);

  /**
   * Commits a new secret name, and tells whether the row has it. After a conflict or a failure the row is read: the conflict may be with
   * the first try of the same write, and a failed write may have been applied. A definite refusal was not. A row as it was may still
   * change, so the commit is fenced off then.
   */
  const commitSecret = async (
    { name, write, change, secretName, basedOn }: SecretCommit,
    context: RequestContext,
  ): Promise<boolean> => {
    const hasSecret = async () => {
      const row = await find(change.partitionKey, context).catch(outcomeUnknown);
      return { isCommitted: row?.secretName === secretName, isChanged: row?.etag !== basedOn };
    };
    try {
      await commit(name, write, change, context);
      return true;
    } catch (error) {
      if (error instanceof AzureRefused) throw error;
      const { isCommitted, isChanged } = await hasSecret();
      if (isCommitted || isConflict(error) || isChanged) return isCommitted;
      await settle(change, error, context);
      return (await hasSecret()).isCommitted;
    }
  };

  return {
    find,

    async findWithUse(clientId, context) {
      const filter = `PartitionKey eq '${clientId.replaceAll("'", "''")}' and (${STATE_ROWS})`;
      const [[found], usage] = await Promise.all([scan(filter, context), usages.find(clientId, context)]);
      if (found && found.client.clientId !== clientId) throw answerMismatch("table list", context);
      return found && withLastUse(found, usage, context);
    },

    async list(context) {
      const [found, used] = await Promise.all([scan(STATE_ROWS, context), usages.all(context)]);
      const clients = found.map((each) => withLastUse(each, used.get(each.client.clientId), context));
      return clients.sort((a, b) => (a.id < b.id ? 1 : -1));
    },

    async rows(context) {
      const clients = (await scan(`RowKey eq '${CLIENT_ROW}'`, context)).map(({ client }) => client);
      for (const client of clients) alarmIfDamaged(client, context);
      return clients;
    },

    insert(client, secret, context) {
      const { clientId, createdBy: adminId, createdAt, name, scopes } = client;
      const { secretName, secretHint } = secret;
      const author = { adminId, at: new Date(createdAt) };
      const details = { name, scopes: scopes.join(" "), secret_hint: secretHint };
      const change = changeRow(clientId, { action: "create", ...author, requestId: context.requestId, details });
      const columns = { ...toColumns(client), ...secretColumns(secret, author) };
      const write: TableWrite = ["create", { partitionKey: clientId, rowKey: CLIENT_ROW, ...columns }];
      return commitSecret({ name: "table insert", write, change, secretName }, context);
    },

    async replaceSecret(row, secret, author, context) {
      const { clientId, etag } = row;
      const { secretName, secretHint } = secret;
      if (!etag) throw new Unavailable("row_damaged", { note: "etag" });
      const details = { secret_hint: secretHint };
      const change = changeRow(clientId, { action: "regenerate", ...author, requestId: context.requestId, details });
      const write = merge(clientId, etag, secretColumns(secret, author, row));
      return commitSecret({ name: "table merge secret", write, change, secretName, basedOn: etag }, context);
    },

    async disable(clientId, { adminId, at }, context) {
      const row = await find(clientId, context);
      // A row that cannot be read is disabled as well: the merge needs its key alone.
      if (!row || row.status === "disabled") return row && { client: row, isChanged: false };
      const change = changeRow(clientId, { action: "disable", adminId, at, requestId: context.requestId });
      const write = merge(clientId, "*", { status: "disabled", disabled_at: wholeSeconds(at), disabled_by: adminId });
      // Also after a success: a regenerate between the read and the merge has replaced the secret that is to be disabled.
      const readAgain = () => find(clientId, context).catch(outcomeUnknown);
      let failure: unknown;
      try {
        await commit("table merge status", write, change, context);
      } catch (error) {
        if (error instanceof AzureRefused) throw error;
        failure = error;
      }
      let client = await readAgain();
      if (client?.status !== "disabled") {
        await settle(change, failure, context);
        client = await readAgain();
      }
      return client?.status === "disabled" ? { client, isChanged: true } : outcomeUnknown(failure);
    },
  };
}

/** A client as a scan finds it. */
interface Scanned {
  readonly client: ClientRow;
  readonly earlierUsage: TableRow | undefined;
}

interface SecretCommit {
  /** The name of the call in the log. */
  readonly name: string;
  readonly write: TableWrite;
  readonly change: TableRow;
  readonly secretName: string;
  /** The etag that the write is conditional on, if the row exists. */
  readonly basedOn?: string;
}

/** A merge of columns into the row of a client. */
function merge(clientId: string, etag: string, columns: Readonly<Record<string, string>>): TableWrite {
  return ["update", { partitionKey: clientId, rowKey: CLIENT_ROW, ...columns }, "Merge", { etag }];
}
