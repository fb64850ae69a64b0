/** A row of Table Storage: its keys and its columns. */
export interface TableRow {
  readonly partitionKey: string;
  readonly rowKey: string;
  readonly [column: string]: unknown;
}

/** A page of rows, with the position of the next page if there is one. */
export type TablePage = TableRow[] & { continuationToken?: string };

/** Aborts a call. */
export interface CallOptions {
  readonly abortSignal?: AbortSignal;
}

/**
 * The port to Table Storage: as much of it as rows of clients need, with the names of Azure's SDK. Errors carry `statusCode` and
 * Azure's code in `details`.
 */
export interface ClientTable {
  /** Reads a row with its etag. */
  getEntity(partitionKey: string, rowKey: string, options?: CallOptions): Promise<{ readonly etag: string }>;
  createEntity(row: TableRow, options?: CallOptions): Promise<unknown>;
  /** `etag` is spelled out every time: the SDK's default is to overwrite whatever is there. */
  updateEntity(
    row: TableRow,
    mode: "Merge" | "Replace",
    options: CallOptions & { readonly etag: string },
  ): Promise<unknown>;
  listEntities(options?: CallOptions & { readonly queryOptions?: { readonly filter: string } }): {
    byPage(settings: { maxPageSize: number; continuationToken?: string }): AsyncIterator<TablePage>;
  };
}
