/** A page of a list with the continuation token of the next one. */
export type Page<T> = T[] & { continuationToken?: string };

interface PageSettings {
  continuationToken?: string;
  maxPageSize?: number;
}

/** A list of Azure's SDKs, which is read by item or by page. */
export interface PagedList<T> {
  next(): Promise<IteratorResult<T>>;
  [Symbol.asyncIterator](): PagedList<T>;
  byPage(settings?: PageSettings): AsyncIterableIterator<Page<T>>;
}

/**
 * Makes a list of items in the order of their keys. Each page is read on demand and continues after the last key of the page before
 * it, independently of changes in between.
 */
export function pagedList<T>(
  readPage: () => Promise<readonly T[]>,
  keyOf: (item: T) => string,
  greatestPageSize: number,
): PagedList<T> {
  async function* byPage({
    continuationToken,
    maxPageSize = greatestPageSize,
  }: PageSettings = {}): AsyncGenerator<Page<T>> {
    const size = Math.min(maxPageSize, greatestPageSize);
    for (let lastKey = continuationToken; ; ) {
      const rest = (await readPage()).filter((item) => lastKey === undefined || keyOf(item) > lastKey);
      const page: Page<T> = rest.slice(0, size);
      const last = page.at(-1);
      if (rest.length <= size || last === undefined) return void (yield page);
      lastKey = keyOf(last);
      yield Object.assign(page, { continuationToken: lastKey });
    }
  }
  async function* items() {
    for await (const page of byPage()) yield* page;
  }

  const iterator = items();
  const list: PagedList<T> = { next: () => iterator.next(), [Symbol.asyncIterator]: () => list, byPage };
  return list;
}
