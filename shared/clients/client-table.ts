/** A row of Table Storage: its keys and its columns. */
export interface TableRow {
  readonly partitionKey: string;
  readonly rowKey: string;
  readonly [column: string]: unknown;
}

/** A page of rows, with the position of the next page unless it is the last. */
export type TablePage = TableRow[] & { continuationToken?: string };

/** Options of every call. */
export interface CallOptions {
  readonly abortSignal?: AbortSignal;
}

/** The port to Table Storage, with the names of Azure's SDK. An error has a `statusCode`, and Azure's code in `details`. */
export interface ClientTable {
  /** Reads a row with its etag. The keys are those of the answer. */
  getEntity(
    partitionKey: string,
    rowKey: string,
    options?: CallOptions,
  ): Promise<{ readonly etag: string; readonly partitionKey?: string; readonly rowKey?: string }>;
  createEntity(row: TableRow, options?: CallOptions): Promise<unknown>;
  /** Requires an `etag`: the default of the SDK is an unconditional write. */
  updateEntity(
    row: TableRow,
    mode: "Merge" | "Replace",
    options: CallOptions & { readonly etag: string },
  ): Promise<unknown>;
  listEntities(options?: CallOptions & { readonly queryOptions?: { readonly filter: string } }): {
    byPage(settings: { maxPageSize: number; continuationToken?: string }): AsyncIterator<TablePage>;
  };
}
