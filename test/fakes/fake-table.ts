import type { ClientTable } from "../../shared/clients/client-table.ts";
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

  const methods = {
    async getEntity(partitionKey: string, rowKey: string, options: Options = {}) {
      const key = keyOf({ partitionKey, rowKey });
      return operate(table, { name: "getEntity", target: key }, options.abortSignal, () => ({ ...present(key) }));
    },

    async createEntity(entity: Row, options: Options = {}) {
      const key = keyOf(entity);
      return operate(table, { name: "createEntity", target: key }, options.abortSignal, () => {
        if (rows.has(key)) throw tableError(409, "EntityAlreadyExists");
        return { etag: write(entity).etag };
      });
    },

    // The SDK's default etag `*` overwrites any version of the row.
    async updateEntity(entity: Row, mode = "Merge", { etag = "*", abortSignal }: Options = {}) {
      const key = keyOf(entity);
      return operate(table, { name: "updateEntity", target: key }, abortSignal, () => {
        const row = present(key);
        if (etag !== "*" && etag !== row.etag) throw tableError(412, "UpdateConditionNotSatisfied");
        return { etag: write(mode === "Merge" ? { ...row, ...entity } : entity).etag };
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

function inOrder(a: Row, b: Row): number {
  return keyOf(a) < keyOf(b) ? -1 : 1;
}

function filterOf(filter: string | undefined): (row: Row) => boolean {
  if (filter === undefined) return () => true;
  const [, literal] = /^PartitionKey eq '((?:[^']|'')*)'$/.exec(filter) ?? [];
  if (literal === undefined) throw new Error(`The fake table does not know this filter: ${filter}`);
  return (row) => row.partitionKey === literal.replaceAll("''", "'");
}
