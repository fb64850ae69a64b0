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

/** A write of a transaction. An update has its etag spelled out. */
export type TableWrite = ["create", TableRow] | ["update", TableRow, "Merge", { etag: string }];

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
  /** Executes all writes or none (entity group transaction). Their rows are of one partition, each once. An error is that of one write. */
  submitTransaction(writes: TableWrite[], options?: CallOptions): Promise<unknown>;
  listEntities(options?: CallOptions & { readonly queryOptions?: { readonly filter: string } }): {
    byPage(settings: { maxPageSize: number; continuationToken?: string }): AsyncIterator<TablePage>;
  };
}
