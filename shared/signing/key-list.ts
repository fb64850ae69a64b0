import type { Clock } from "../request/clock.ts";
import { backgroundContext, type RequestContext } from "../request/context.ts";
import { Unavailable } from "../request/retry.ts";
import type { KeyTimes } from "./key-ring.ts";

const LIST_TIMEOUT_MS = 10_000;
/** A request that has an older list to fall back on waits no longer than this for a new one. */
const PATIENCE_MS = 1_000;
const RETRY_MS = 10_000;
/** For this long after a failure, nobody waits for the next one. */
const FAILURE_COUNTS_MS = 30_000;
const URGENT_RETRY_MS = 1_000;

/** The versions of the key in one vault: listed again from time to time, and kept through an outage. */
export class KeyList<V> {
  readonly #read: (known: readonly V[], context: RequestContext) => Promise<readonly V[]>;
  readonly #times: Pick<KeyTimes, "refreshMs" | "listKeptMs">;
  readonly #clock: Clock;
  #versions: readonly V[] = [];
  /** When the list in use was asked for: what it says is as old as that. */
  #listedAt = Number.NEGATIVE_INFINITY;
  #askedAt = Number.NEGATIVE_INFINITY;
  #askAgainAfterMs = 0;
  #asking: Promise<void> | undefined;
  #failing = false;
  #failedAt = Number.NEGATIVE_INFINITY;

  /** `read` gets the versions that are known already, for what it need not ask again. */
  constructor(
    read: (known: readonly V[], context: RequestContext) => Promise<readonly V[]>,
    times: Pick<KeyTimes, "refreshMs" | "listKeptMs">,
    clock: Clock,
  ) {
    this.#read = read;
    this.#times = times;
    this.#clock = clock;
  }

  /** The versions as listed last; `undefined` if that never was, or is too long ago to be relied on. */
  get versions(): readonly V[] | undefined {
    return this.#since(this.#listedAt) > this.#times.listKeptMs ? undefined : this.#versions;
  }

  /** Whether the list could not be read when it was tried last. */
  get failing(): boolean {
    return this.#failing;
  }

  /**
   * Reads the list again if it is time to. Under steady use that happens beside the requests; a list that nobody used for a while
   * is waited for, unless the vault has just failed.
   */
  async upToDate(): Promise<void> {
    if (this.#since(this.#askedAt) >= this.#askAgainAfterMs) this.#ask();
    const isFresh = this.#since(this.#listedAt) < this.#times.refreshMs;
    if (!this.#asking || isFresh || this.#since(this.#failedAt) < FAILURE_COUNTS_MS) return;
    await (this.versions ? Promise.race([this.#asking, this.#clock.sleep(PATIENCE_MS)]) : this.#asking);
  }

  /** Waits for the list if it is being read. */
  async settled(): Promise<void> {
    await this.#asking;
  }

  /** Reads the list again now, since nothing can be done with what it says; at most once a second. */
  async refresh(): Promise<void> {
    if (this.#since(this.#askedAt) >= URGENT_RETRY_MS) this.#ask();
    await this.#asking;
  }

  #ask(): void {
    if (this.#asking !== undefined) return;
    this.#askedAt = this.#clock.now().getTime();
    // Instances that started together should not list together.
    this.#askAgainAfterMs = this.#times.refreshMs * (0.8 + 0.2 * Math.random());
    this.#asking = this.#list(this.#askedAt).finally(() => {
      this.#asking = undefined;
    });
  }

  async #list(askedAt: number): Promise<void> {
    const context = backgroundContext(this.#clock, LIST_TIMEOUT_MS);
    try {
      this.#versions = await this.#read(this.#versions, context);
      this.#listedAt = askedAt;
      this.#failing = false;
    } catch (error) {
      this.#failing = true;
      this.#failedAt = this.#clock.now().getTime();
      this.#askAgainAfterMs = Math.min(this.#times.refreshMs, RETRY_MS);
      context.alarm("keys_not_listed", error instanceof Unavailable ? error.message : "unexpected error");
    }
  }

  /** The clock may have been set back: a time that lies ahead is as far from now as one that has passed. */
  #since(time: number): number {
    return Math.abs(this.#clock.now().getTime() - time);
  }
}
