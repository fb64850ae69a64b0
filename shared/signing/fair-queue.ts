import type { Clock } from "../request/clock.ts";
import { withDeadline } from "../request/deadline.ts";
import { Unavailable } from "../request/retry.ts";
import { MAX_WAITED_PAUSE_MS } from "./times.ts";
import type { VaultLimiter } from "./vault-limiter.ts";

/** A request of a client for room in any of several vaults. */
interface RoomRequest<V> {
  clientId: string;
  vaults: readonly V[];
  maxWaitMs: number;
  signal: AbortSignal;
}

/** Room for one call to a vault; it is released with the error of the call if that failed. */
interface Room<V> {
  vault: V;
  release(error?: unknown): void;
}

type Waiter<V> = PromiseWithResolvers<Room<V>> & Pick<RoomRequest<V>, "vaults">;

/** Shares the room in all vaults: while there is none, the waiting clients are served round-robin, however much each of them asks. */
export class FairQueue<V extends { readonly limiter: VaultLimiter }> {
  readonly #clock: Clock;
  /** By client; the one that is served next comes first. */
  readonly #waiting = new Map<string, Set<Waiter<V>>>();
  #rotation = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Waits for room in one of the vaults.
   *
   * @throws Unavailable if there is none in time.
   */
  async acquire({ clientId, vaults, maxWaitMs, signal }: RoomRequest<V>): Promise<Room<V>> {
    const waiter = { vaults, ...Promise.withResolvers<Room<V>>() };
    const waiters = this.#waiting.get(clientId) ?? new Set();
    this.#waiting.set(clientId, waiters.add(waiter));
    this.#dispatch();
    const pauseMs = () => Math.min(...vaults.map(({ limiter }) => limiter.pauseMs));
    if (waiters.has(waiter) && pauseMs() <= Math.min(maxWaitMs, MAX_WAITED_PAUSE_MS)) {
      await withDeadline(this.#clock, maxWaitMs, () => waiter.promise, signal).catch(() => {});
    }
    if (!waiters.delete(waiter)) return waiter.promise;
    if (waiters.size === 0) this.#waiting.delete(clientId);
    throw new Unavailable("signing_vaults_busy", { retryAfterSeconds: pauseMs() / 1_000 || undefined });
  }

  #dispatch(): void {
    // A client that was served goes to the end of the map, where the loop meets it again.
    for (const [clientId, waiters] of this.#waiting) {
      const [next] = waiters;
      const vault = next && this.#freest(next.vaults);
      if (!vault) continue;
      waiters.delete(next);
      this.#waiting.delete(clientId);
      if (waiters.size > 0) this.#waiting.set(clientId, waiters);
      next.resolve({ vault, release: vault.limiter.acquire(() => this.#dispatch()) });
    }
  }

  /** The vault with the most room; equals take turns. */
  #freest(vaults: readonly V[]): V | undefined {
    this.#rotation += 1;
    const from = this.#rotation % vaults.length;
    return [...vaults.slice(from), ...vaults.slice(0, from)]
      .filter(({ limiter }) => limiter.room > 0)
      .sort((a, b) => b.limiter.room - a.limiter.room)[0];
  }
}
