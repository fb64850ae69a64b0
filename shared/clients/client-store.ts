import * as z from "zod";
import { CLIENT_STATUSES, type Client, wholeSeconds } from "../model/client.ts";
import { SCOPES } from "../model/scopes.ts";
import type { RequestContext } from "../request/context.ts";
import { type RetryPolicy, Unavailable } from "../request/retry.ts";
import type { ClientTable } from "./client-table.ts";
import { isConflict, isEntityMissing, upsertRow } from "./upsert-row.ts";

/** The name of the table; its partition key is the client_id. */
export const CLIENT_TABLE = "apiclients";

/** A client's row is the truth about it; its use has a row of its own, so that it never competes with an administrator's change. */
const CLIENT_ROW = "client";
const USAGE_ROW = "usage";
/** The most that Table Storage returns at once. */
const PAGE_SIZE = 1_000;

/** A client as its row has it at one moment. */
export interface ClientRow extends Client {
  /** The vault secret that holds the hash of the client's one valid secret: a new name for every generation. */
  secretName: string;
  /** The version of the row that a change must be based on. */
  etag: string;
}

/** A client with the time of its last token. */
export interface ClientWithUse extends ClientRow {
  lastUsedAt: string | null;
}

/**
 * The clients in Table Storage. Only `insert` writes `active`, everything else merges named columns, and a write whose reply was
 * lost is settled by reading the row again. All methods throw {@link Unavailable} for a fault of ours or of the store.
 */
export interface ClientStore {
  /** Reads the row as it is now; it is never cached. */
  find(clientId: string, context: RequestContext): Promise<ClientRow | undefined>;
  findWithUse(clientId: string, context: RequestContext): Promise<ClientWithUse | undefined>;
  /** All clients, newest first. */
  list(context: RequestContext): Promise<ClientWithUse[]>;
  /** Commits a new client; `false` if its client_id is taken. */
  insert(client: Client, secretName: string, context: RequestContext): Promise<boolean>;
  /** Commits a new generation of the secret, based on `row`; `false` if the row was changed meanwhile. */
  replaceSecret(row: ClientRow, secretName: string, context: RequestContext): Promise<boolean>;
  /** Commits that a client is disabled, whatever else happens to its row; returns the row as it is then. */
  disable(clientId: string, adminId: string, at: Date, context: RequestContext): Promise<ClientRow | undefined>;
  recordUse(clientId: string, at: Date, context: RequestContext): Promise<void>;
}

const clientColumns = z
  .object({
    partitionKey: z.string(),
    id: z.string(),
    name: z.string(),
    description: z.string(),
    status: z.enum(CLIENT_STATUSES),
    scopes: z
      .string()
      .transform((words) => words.split(" "))
      .pipe(z.array(z.enum(SCOPES)).nonempty()),
    created_by: z.string(),
    created_at: z.string(),
  })
  .transform(
    (row): Client => ({
      id: row.id,
      clientId: row.partitionKey,
      name: row.name,
      description: row.description,
      status: row.status,
      scopes: row.scopes,
      createdBy: row.created_by,
      createdAt: row.created_at,
    }),
  );
const versionColumns = z.object({ secretName: z.string().min(1), etag: z.string().min(1) });
const usageColumns = z.object({ partitionKey: z.string(), last_used_at: z.string() });

/** Makes the store over the table of clients. */
export function createClientStore(table: ClientTable, retry: RetryPolicy): ClientStore {
  const find = async (clientId: string, context: RequestContext): Promise<ClientRow | undefined> => {
    const run = (abortSignal: AbortSignal) => table.getEntity(clientId, CLIENT_ROW, { abortSignal });
    try {
      const entity = await retry({ name: "table get", run, isAnswer: isEntityMissing }, context);
      return parseClient(entity, context);
    } catch (error) {
      if (isEntityMissing(error)) return undefined;
      throw error;
    }
  };

  /** Reads all rows that match a filter, page by page, each page with a deadline of its own. */
  const scan = async (filter: string | undefined, context: RequestContext): Promise<ClientWithUse[]> => {
    const clients: ClientRow[] = [];
    const lastUse = new Map<string, string>();
    let continuationToken: string | undefined;
    do {
      const run = (abortSignal: AbortSignal) =>
        table
          .listEntities({ abortSignal, ...(filter && { queryOptions: { filter } }) })
          .byPage({ maxPageSize: PAGE_SIZE, ...(continuationToken && { continuationToken }) })
          .next();
      const { value: page } = await retry({ name: "table list", run }, context);
      for (const entity of page ?? []) {
        if (entity.rowKey === CLIENT_ROW) {
          clients.push(parseClient(entity, context));
        } else if (entity.rowKey === USAGE_ROW) {
          const usage = parse(usageColumns, entity, context);
          lastUse.set(usage.partitionKey, usage.last_used_at);
        }
      }
      continuationToken = page?.continuationToken;
    } while (continuationToken);
    return clients.map((client) => ({ ...client, lastUsedAt: lastUse.get(client.clientId) ?? null }));
  };

  /**
   * Makes the write that names a new secret, and tells whether the row names it now. A conflict may be our own earlier try, and
   * a write that failed may have been applied or may yet be, so after either the row decides.
   */
  const commitSecret = async (
    clientId: string,
    secretName: string,
    write: SecretWrite,
    context: RequestContext,
  ): Promise<boolean> => {
    try {
      await retry({ ...write, isAnswer: isConflict }, context);
      return true;
    } catch (error) {
      const row = await find(clientId, context).catch(outcomeUnknown);
      if (row?.secretName === secretName) return true;
      if (isConflict(error) || (row && row.etag !== write.basedOn)) return false;
      return outcomeUnknown(error);
    }
  };

  const merge = (clientId: string, etag: string, columns: Record<string, string>, abortSignal: AbortSignal) =>
    table.updateEntity({ partitionKey: clientId, rowKey: CLIENT_ROW, ...columns }, "Merge", { etag, abortSignal });

  return {
    find,

    async findWithUse(clientId, context) {
      const [client] = await scan(`PartitionKey eq '${clientId.replaceAll("'", "''")}'`, context);
      return client;
    },

    async list(context) {
      const clients = await scan(undefined, context);
      return clients.sort((a, b) => (a.id < b.id ? 1 : -1));
    },

    insert(client, secretName, context) {
      const entity = { partitionKey: client.clientId, rowKey: CLIENT_ROW, ...toColumns(client), secretName };
      const run = (abortSignal: AbortSignal) => table.createEntity(entity, { abortSignal });
      return commitSecret(client.clientId, secretName, { name: "table insert", run }, context);
    },

    replaceSecret({ clientId, etag }, secretName, context) {
      const run = (abortSignal: AbortSignal) => merge(clientId, etag, { secretName }, abortSignal);
      return commitSecret(clientId, secretName, { name: "table merge secret", run, basedOn: etag }, context);
    },

    async disable(clientId, adminId, at, context) {
      const row = await find(clientId, context);
      if (row?.status !== "active") return row;
      const columns = { status: "disabled", disabled_at: wholeSeconds(at), disabled_by: adminId };
      const run = (abortSignal: AbortSignal) => merge(clientId, "*", columns, abortSignal);
      const failure = await retry({ name: "table merge status", run }, context).then(() => undefined, identity);
      // Read again even after success: a regenerate that came before us has changed the secret that is now to be disabled.
      const disabled = await find(clientId, context).catch(outcomeUnknown);
      return disabled?.status === "disabled" ? disabled : outcomeUnknown(failure);
    },

    recordUse(clientId, at, context) {
      const key = { partitionKey: clientId, rowKey: USAGE_ROW };
      return upsertRow(table, retry, "usage", key, { last_used_at: wholeSeconds(at) }, context);
    },
  };
}

interface SecretWrite {
  name: string;
  run(abortSignal: AbortSignal): Promise<unknown>;
  /** The version of the row that the write is conditional on, if there was a row. */
  basedOn?: string;
}

function toColumns(client: Client): Record<string, string> {
  return {
    id: client.id,
    name: client.name,
    description: client.description,
    status: client.status,
    scopes: client.scopes.join(" "),
    created_by: client.createdBy,
    created_at: client.createdAt,
  };
}

function parseClient(entity: unknown, context: RequestContext): ClientRow {
  return { ...parse(clientColumns, entity, context), ...parse(versionColumns, entity, context) };
}

/** A row that we did not write, or that was damaged, is our fault and never the caller's. */
function parse<T>(columns: z.ZodType<T>, entity: unknown, context: RequestContext): T {
  const result = columns.safeParse(entity);
  if (result.success) return result.data;
  const note = `row does not parse: ${result.error.issues.map((issue) => issue.path.join(".")).join(", ")}`;
  context.alarm("row_damaged", note);
  throw new Unavailable("row_damaged", { note });
}

/** Ends a commit that may have happened and may not. */
function outcomeUnknown(cause: unknown): never {
  const known = cause instanceof Unavailable ? cause : undefined;
  throw new Unavailable("outcome_unknown", {
    detail: "The outcome is unknown: the change may or may not have been made. Look at the client, then try again.",
    note: known?.note ?? known?.reason ?? "unexpected state of the row",
    retryAfterSeconds: known?.retryAfterSeconds,
    cause,
  });
}

function identity(error: unknown): unknown {
  return error;
}
