import type { Reason } from "../request/public-error.ts";
import { Unavailable } from "../request/retry.ts";
import type { VaultLoad } from "./vault-load.ts";

/** Who gets no turn in this time is told so, well before the deadline of the request. */
const MAX_WAIT_MS = 1_500;
/** Nobody waits for a vault that pauses for longer than this. */
export const MAX_PAUSE_MS = 1_000;
const MAX_WAITING = 1_000;
/** Who was served how often counts for about as long as Key Vault counts. */
const COUNTED_MS = 10_000;

/** Something in a vault that can serve a request. */
interface Server {
  readonly load: VaultLoad;
}

/** A request's turn with a server. */
export interface Turn<S extends Server> {
  server: S;
  /** Ends the turn, with the error that it ended with, if it did. */
  end(error?: unknown): void;
}

interface Waiter<S extends Server> extends PromiseWithResolvers<Turn<S>> {
  clientId: string;
  servers: readonly S[];
  signal: AbortSignal;
}

/**
 * Deals out what the vaults take. Nobody waits while one of them has room; when none has, those go first whose client was served
 * least of late, so that one client's storm is its own problem.
 */
export class SigningQueue<S extends Server> {
  readonly #waiting = new Set<Waiter<S>>();
  #served = new Map<string, number>();
  #countedSince = 0;
  #rotation = 0;
  #wakeUp: NodeJS.Timeout | undefined;

  /**
   * Waits until one of the servers has room for one more request of the client.
   *
   * @throws Unavailable where there is no hope of that soon.
   */
  async turn(clientId: string, servers: readonly S[], signal: AbortSignal): Promise<Turn<S>> {
    const free = this.#waiting.size === 0 ? this.#freest(servers) : undefined;
    if (free) return this.#begin(clientId, free);

    const waiter = { clientId, servers, signal, ...Promise.withResolvers<Turn<S>>() };
    this.#waiting.add(waiter);
    if (this.#waiting.size > MAX_WAITING) this.#refuse(this.#mostServed(), "signing_queue_full");
    const timer = setTimeout(() => this.#refuse(waiter, "signing_queue_timeout"), MAX_WAIT_MS);
    this.#deal();
    return waiter.promise.finally(() => clearTimeout(timer));
  }

  #deal(): void {
    for (let next = this.#leastServed(); next; next = this.#leastServed()) {
      if (next.signal.aborted) {
        this.#refuse(next, "deadline_exceeded");
        continue;
      }
      const server = this.#freest(next.servers);
      if (!server) {
        this.#hold(next);
        return;
      }
      this.#waiting.delete(next);
      next.resolve(this.#begin(next.clientId, server));
    }
  }

  /** All wait for as long as the first of them must. */
  #hold({ servers }: Waiter<S>): void {
    const pauseMs = Math.min(...servers.map(({ load }) => load.pauseMs));
    if (pauseMs > MAX_PAUSE_MS) {
      for (const waiter of this.#waiting) this.#refuse(waiter, "signing_vaults_paused", pauseMs);
    } else if (pauseMs > 0) {
      clearTimeout(this.#wakeUp);
      this.#wakeUp = setTimeout(() => this.#deal(), Math.ceil(pauseMs));
    }
  }

  #begin(clientId: string, server: S): Turn<S> {
    if (performance.now() - this.#countedSince > COUNTED_MS) {
      this.#served = new Map();
      this.#countedSince = performance.now();
    }
    this.#served.set(clientId, this.#servedOf(clientId) + 1);
    const end = server.load.begin();
    return {
      server,
      end: (error) => {
        end(error);
        this.#deal();
      },
    };
  }

  #refuse(waiter: Waiter<S> | undefined, reason: Reason, retryAfterMs?: number): void {
    if (!waiter || !this.#waiting.delete(waiter)) return;
    waiter.reject(new Unavailable(reason, { retryAfterSeconds: retryAfterMs && retryAfterMs / 1_000 }));
  }

  /** The server whose vault has most room for its size; equals take turns. */
  #freest(servers: readonly S[]): S | undefined {
    this.#rotation += 1;
    const from = this.#rotation % servers.length;
    return [...servers.slice(from), ...servers.slice(0, from)]
      .filter(({ load }) => load.hasRoom)
      .reduce<S | undefined>((best, next) => (best && best.load.use <= next.load.use ? best : next), undefined);
  }

  /** Who waits longest among those whose client was served least. */
  #leastServed(): Waiter<S> | undefined {
    return [...this.#waiting].reduce<Waiter<S> | undefined>(
      (least, next) => (least && this.#servedOf(least.clientId) <= this.#servedOf(next.clientId) ? least : next),
      undefined,
    );
  }

  /** Who came last among those whose client was served most. */
  #mostServed(): Waiter<S> | undefined {
    return [...this.#waiting].reduce<Waiter<S> | undefined>(
      (most, next) => (most && this.#servedOf(most.clientId) > this.#servedOf(next.clientId) ? most : next),
      undefined,
    );
  }

  #servedOf(clientId: string): number {
    return this.#served.get(clientId) ?? 0;
  }
}
