import type { ClientTable, TableWrite } from "../../shared/clients/client-table.ts";
import { tableError } from "./azure-error.ts";
import { createHooks, type Hooks, operate } from "./hooks.ts";
import { pagedList } from "./paged.ts";

/** A row as Table Storage returns it. */
export interface Row {
  partitionKey: string;
  rowKey: string;
  etag: string;
  [column: string]: unknown;
}

/** A table in memory with the interface of the SDK client. */
export interface FakeTable extends ClientTable, Hooks {
  /** The rows by `<partition key>/<row key>`. A test may read and change them. */
  readonly rows: Map<string, Row>;
}

/** Greatest page size of Table Storage. */
const PAGE_SIZE = 1_000;
// The limits of a transaction: learn.microsoft.com, "Performing entity group transactions".
const MAX_WRITES = 100;
const MAX_TRANSACTION_BYTES = 4 * 1024 * 1024;

/** Makes an empty table. */
export function createFakeTable(): FakeTable {
  const rows = new Map<string, Row>();
  let version = 0;

  const write = (row: Omit<Row, "etag">) => {
    const written = { ...row, etag: `W/"version-${++version}"` } as Row;
    rows.set(keyOf(written), written);
    return written;
  };
  const present = (key: string) => {
    const row = rows.get(key);
    if (!row) throw tableError(404, "ResourceNotFound");
    return row;
  };

  const create = (row: Row) => {
    if (rows.has(keyOf(row))) throw tableError(409, "EntityAlreadyExists");
    return write(row);
  };
  const update = (entity: Row, mode: string, etag: string) => {
    const row = present(keyOf(entity));
    if (etag !== "*" && etag !== row.etag) throw tableError(412, "UpdateConditionNotSatisfied");
    return write(mode === "Merge" ? { ...row, ...entity } : entity);
  };

  const methods = {
    async getEntity(partitionKey: string, rowKey: string, options: Options = {}) {
      const key = keyOf({ partitionKey, rowKey });
      return operate(table, { name: "getEntity", target: key }, options.abortSignal, () => ({ ...present(key) }));
    },

    async createEntity(entity: Row, options: Options = {}) {
      const key = keyOf(entity);
      return operate(table, { name: "createEntity", target: key }, options.abortSignal, () => ({
        etag: create(entity).etag,
      }));
    },

    // The SDK's default etag `*` overwrites any version of the row.
    async updateEntity(entity: Row, mode = "Merge", { etag = "*", abortSignal }: Options = {}) {
      const key = keyOf(entity);
      return operate(table, { name: "updateEntity", target: key }, abortSignal, () => ({
        etag: update(entity, mode, etag).etag,
      }));
    },

    // All writes, or none and the error of the first that fails.
    async submitTransaction(writes: TableWrite[], { abortSignal }: Options = {}) {
      const target = keyOf((writes[0] as TableWrite)[1]);
      return operate(table, { name: "submitTransaction", target }, abortSignal, () => {
        refuseTransaction(writes);
        const before = new Map(rows);
        try {
          for (const [kind, entity, mode, options] of writes) {
            if (kind === "create") create(entity as Row);
            else update(entity as Row, mode, options.etag);
          }
        } catch (error) {
          rows.clear();
          for (const [key, row] of before) rows.set(key, row);
          throw error;
        }
      });
    },

    listEntities({ queryOptions, abortSignal }: Options = {}) {
      const matches = filterOf(queryOptions?.filter);
      const read = () =>
        operate(table, { name: "listEntities", target: "" }, abortSignal, () =>
          [...rows.values()]
            .filter(matches)
            .map((row) => ({ ...row }))
            .sort(inOrder),
        );
      return pagedList(read, keyOf, PAGE_SIZE);
    },
  };
  // The SDK's methods are generic in the columns of a row; these are not.
  const table: FakeTable = Object.assign(createHooks(), methods as unknown as ClientTable, { rows });
  return table;
}

interface Options {
  abortSignal?: AbortSignal;
  etag?: string;
  queryOptions?: { filter?: string };
}

function keyOf({ partitionKey, rowKey }: { partitionKey: string; rowKey: string }): string {
  return `${partitionKey}/${rowKey}`;
}

/** Refuses a transaction that Table Storage refuses as a whole. */
function refuseTransaction(writes: readonly TableWrite[]): void {
  const entities = writes.map(([, entity]) => entity);
  if (writes.length > MAX_WRITES) throw tableError(400, "InvalidInput");
  if (Buffer.byteLength(JSON.stringify(writes)) > MAX_TRANSACTION_BYTES) throw tableError(413, "RequestBodyTooLarge");
  if (new Set(entities.map(({ partitionKey }) => partitionKey)).size > 1)
    throw tableError(400, "CommandsInBatchActOnDifferentPartitions");
  if (new Set(entities.map(({ rowKey }) => rowKey)).size < writes.length) throw tableError(400, "InvalidDuplicateRow");
}

function inOrder(a: Row, b: Row): number {
  return keyOf(a) < keyOf(b) ? -1 : 1;
}

/** Knows the filters of the service: a partition, row keys, or row keys of a partition. */
function filterOf(filter: string | undefined): (row: Row) => boolean {
  if (filter === undefined) return () => true;
  const [, partition, within, anywhere] =
    /^(?:PartitionKey eq '((?:[^']|'')*)'(?: and \(([^()]+)\))?|([^()]+))$/.exec(filter) ?? [];
  const partitionKey = partition?.replaceAll("''", "'");
  const rowKeys = (within ?? anywhere)?.split(" or ").map((term) => /^RowKey eq '(\w+)'$/.exec(term)?.[1]);
  if ((partition ?? anywhere) === undefined || rowKeys?.includes(undefined)) {
    throw new Error(`The fake table does not know this filter: ${filter}`);
  }
  return (row) =>
    (partitionKey === undefined || row.partitionKey === partitionKey) &&
    (rowKeys === undefined || rowKeys.includes(row.rowKey));
}
