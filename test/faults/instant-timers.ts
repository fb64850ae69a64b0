/** In place of that of `node:timers/promises`: a pause that takes no time, but ends with its signal. */
export async function setTimeout<T>(_milliseconds: number, value: T, options?: { signal?: AbortSignal }): Promise<T> {
  options?.signal?.throwIfAborted();
  return value;
}
