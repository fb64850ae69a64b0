/** An event that took effect at one moment between its invocation and its return. */
export interface Entry<Event> {
  readonly event: Event;
  readonly invoked: number;
  /** `Infinity` for an event that may take effect at any later time or never. */
  readonly returned: number;
}

/** The specification of an object: its next state, or `undefined` for an event that is impossible in this state. A state is plain data. */
export type Step<State, Event> = (state: State, event: Event) => State | undefined;

/**
 * Searches a linearization of a history: an order that the specification allows and that keeps the real-time order of events that do
 * not overlap (Herlihy and Wing 1990). Each reachable pair of past events and state is tried once (Wing and Gong 1993, Lowe 2017).
 *
 * @returns the order, without the open events that never take effect in it; `undefined` if there is none.
 */
export function linearize<State, Event>(
  history: readonly Entry<Event>[],
  initial: State,
  step: Step<State, Event>,
): Event[] | undefined {
  const byInvocation = [...history].sort((a, b) => a.invoked - b.invoked);
  const closed = byInvocation.filter(({ returned }) => returned !== Number.POSITIVE_INFINITY);
  const open = byInvocation.filter(({ returned }) => returned === Number.POSITIVE_INFINITY);
  const failed = new Set<string>();
  const order: Event[] = [];
  const done = new Set<Entry<Event>>();

  /** Candidates for the next event: those that were invoked before any other remaining event returned. */
  const candidates = (from: number): Entry<Event>[] => {
    const next: Entry<Event>[] = [];
    let firstReturn = Number.POSITIVE_INFINITY;
    for (let at = from; at < closed.length; at++) {
      const entry = closed[at];
      if (!entry || entry.invoked > firstReturn) break;
      if (done.has(entry)) continue;
      next.push(entry);
      firstReturn = Math.min(firstReturn, entry.returned);
    }
    return next
      .concat(open.filter((entry) => !done.has(entry) && entry.invoked < firstReturn))
      .filter((entry) => entry.invoked < firstReturn);
  };

  const search = (start: number, state: State): boolean => {
    let from = start;
    for (let entry = closed[from]; entry && done.has(entry); entry = closed[from]) from++;
    if (from === closed.length) return true;

    const ahead = [...closed.slice(from), ...open].flatMap((entry, index) => (done.has(entry) ? [index] : []));
    const key = `${from} ${ahead} ${JSON.stringify(state)}`;
    if (failed.has(key)) return false;
    for (const entry of candidates(from)) {
      const next = step(state, entry.event);
      if (next === undefined) continue;
      done.add(entry);
      order.push(entry.event);
      if (search(from, next)) return true;
      order.pop();
      done.delete(entry);
    }
    failed.add(key);
    return false;
  };

  return search(0, initial) ? order : undefined;
}
