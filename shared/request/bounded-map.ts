/** A map of bounded size: over the limit it evicts the entry that was set first. */
export class BoundedMap<V> extends Map<string, V> {
  readonly #maxEntries: number;

  constructor(maxEntries: number) {
    super();
    this.#maxEntries = maxEntries;
  }

  override set(key: string, value: V): this {
    this.delete(key);
    super.set(key, value);
    const [first] = this.keys();
    if (this.size > this.#maxEntries && first !== undefined) this.delete(first);
    return this;
  }
}
