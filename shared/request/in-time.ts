/**
 * Does work that has to end in time: its signal aborts when it does not, or when the outer one does. Where `AbortSignal.timeout`
 * leaves a timer behind and `AbortSignal.any` a web of references, nothing is left of work that has ended, which shows in the CPU
 * time of a token.
 *
 * @throws the reason of the signal that aborted, whatever the work does about it: not everything in the SDKs gives up.
 */
export async function inTime<T>(
  milliseconds: number,
  work: (signal: AbortSignal) => Promise<T>,
  outer?: AbortSignal,
): Promise<T> {
  outer?.throwIfAborted();
  const controller = new AbortController();
  const { promise: late, reject } = Promise.withResolvers<never>();
  const end = (reason: unknown) => {
    controller.abort(reason);
    // What gives up by itself when its signal aborts knows better what was wrong: a body that did not come, a call without an answer.
    setImmediate(reject, reason);
  };
  const onAbort = () => end(outer?.reason);
  const timer = setTimeout(() => end(new DOMException("The time is over.", "TimeoutError")), milliseconds);
  outer?.addEventListener("abort", onAbort);
  try {
    return await Promise.race([work(controller.signal), late]);
  } finally {
    clearTimeout(timer);
    outer?.removeEventListener("abort", onAbort);
  }
}
