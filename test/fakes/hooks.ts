/** One operation that the service asks a fake for: the name of the SDK's method, and what it is about. */
export interface Operation {
  readonly name: string;
  /** A row as `<partition key>/<row key>`, the name of a secret, or the version of a key; empty for a list. */
  readonly target: string;
}

/** What a test does about single operations of a fake: look, wait, or throw. Both can be set anew at any time. */
export interface Hooks {
  /** Every operation so far, in the order in which they were asked for. */
  readonly operations: Operation[];
  /** Runs before the operation; what it throws is thrown to the service, and the operation does not happen. */
  before: (operation: Operation) => unknown;
  /** Runs after the operation; what it throws is thrown to the service in place of the reply, which is lost. */
  after: (operation: Operation) => unknown;
}

/** Makes hooks that do nothing yet. */
export function createHooks(): Hooks {
  return { operations: [], before: () => undefined, after: () => undefined };
}

/** Runs one operation of a fake between its hooks. Aborting does not undo what is under way, as with Azure. */
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

/** Makes a hook that throws at the named operations: every time, or as many times as said. */
export function failing(name: string, error: () => Error, times = Number.POSITIVE_INFINITY): Hooks["before"] {
  let left = times;
  return (operation) => {
    if (operation.name === name && left-- > 0) throw error();
  };
}

/** Makes a hook that does something the first time that the named operation comes, and lets it wait for that. */
export function once(name: string, action: () => unknown): Hooks["before"] {
  let done = false;
  return (operation) => {
    if (operation.name !== name || done) return undefined;
    done = true;
    return action();
  };
}
