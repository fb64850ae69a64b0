/** One call of the service to a fake: the name of the SDK method and its target. */
export interface Operation {
  readonly name: string;
  /** A row as `<partition key>/<row key>`, the name of a secret, or the version of a key; empty for a list. */
  readonly target: string;
}

/** Hooks around each operation of a fake, with which a test observes it, delays it or makes it fail. A test may replace them at any time. */
export interface Hooks {
  /** All operations so far, in order. */
  readonly operations: Operation[];
  /** Runs before the operation. Its error is thrown to the service, and the operation is not executed. */
  before: (operation: Operation) => unknown;
  /** Runs after the operation. Its error is thrown to the service in place of the reply, which is lost. */
  after: (operation: Operation) => unknown;
}

/** Makes hooks without effect. */
export function createHooks(): Hooks {
  return { operations: [], before: () => undefined, after: () => undefined };
}

/** Runs one operation of a fake between its hooks. As with Azure, an abort does not undo an operation that has begun. */
export async function operate<T>(
  hooks: Hooks,
  operation: Operation,
  signal: { readonly aborted: boolean } | undefined,
  effect: () => T,
): Promise<T> {
  if (signal?.aborted) throw new DOMException("The operation was aborted.", "AbortError");
  hooks.operations.push(operation);
  await hooks.before(operation);
  const result = effect();
  await hooks.after(operation);
  return result;
}

/** Makes a hook that throws at the named operation, every time or the given number of times. */
export function failing(name: string, error: () => Error, times = Number.POSITIVE_INFINITY): Hooks["before"] {
  let left = times;
  return (operation) => {
    if (operation.name === name && left-- > 0) throw error();
  };
}

/** Makes a hook that runs an action at the first named operation, which waits for it. */
export function once(name: string, action: () => unknown): Hooks["before"] {
  let done = false;
  return (operation) => {
    if (operation.name !== name || done) return undefined;
    done = true;
    return action();
  };
}
