import { isClientId } from "../model/client.ts";
import type { Clock } from "../request/clock.ts";
import type { RequestContext } from "../request/context.ts";
import { type RetryPolicy, statusOf } from "../request/retry.ts";
import { ORPHANED_SECRET_MIN_AGE_MS, SWEEP_OVERDUE_MS, SWEEP_RUN_MS } from "../request/time-limits.ts";
import type { ClientRow } from "./client-row.ts";
import type { ClientStore } from "./client-store.ts";
import type { ListedSecret, ReadSecretPage, SecretPage } from "./secret-pages.ts";
import { SECRET_NAME_PREFIX, type SecretStore } from "./secret-store.ts";
import type { SweepStateStore } from "./sweep-state.ts";

/** A run disables at most 100 orphaned secrets: more of them mean a wrong or a restored table. */
const MAX_ORPHANS = 100;
/** The failures after which a run stops at the end of a page: so many are an outage, and each may raise an alarm. */
const MAX_FAILURES = 10;
/** The failed runs in a row that raise an alarm. A shorter outage is told by the alarms of requests. */
const MAX_FAILED_RUNS = 3;

/** The result of one run of the sweep. */
export interface SweepReport {
  /** Vault secrets that were examined. */
  secrets: number;
  /** Vault secrets that were disabled. */
  disabled: number;
  /** Active clients whose vault secret is disabled or missing. */
  broken: number;
  /** Whether the run reached the end of the list. If not, the next run continues at the saved position. */
  complete: boolean;
}

/** Reconciles the vault secrets with the rows: defence in depth, since the rows alone decide. */
export interface Sweeper {
  /**
   * Disables orphaned vault secrets and those of disabled clients, renews the expiry dates of the others, and raises an alarm for an active
   * client whose vault secret is disabled or missing. The sweep never enables a secret: an operator may have disabled it. Runs may overlap
   * with each other and with requests. Raises an alarm if several runs in a row have failed, and if none has reached the end of the list for
   * a day.
   *
   * @throws Unavailable if a store failed. The rest of the work is done, or the next run continues at the saved position.
   */
  run(context: RequestContext): Promise<SweepReport>;
}

interface SweeperOptions {
  clients: Pick<ClientStore, "find" | "rows">;
  secrets: Pick<SecretStore, "disable" | "renewExpiry" | "stateOf">;
  readPage: ReadSecretPage;
  state: SweepStateStore;
  retry: RetryPolicy;
  clock: Clock;
}

/** Creates the sweeper of a process. */
export function createSweeper(options: SweeperOptions): Sweeper {
  const { clients, readPage, state, retry, clock } = options;
  /** In memory as well, since a failing table keeps no record. */
  let failedRuns = 0;

  const pageAt = (at: string | undefined, context: RequestContext): Promise<SecretPage> => {
    const run = (abortSignal: AbortSignal) => readPage(at, abortSignal);
    const isAnswer = (error: unknown) => at !== undefined && isRefusedPosition(error);
    return retry({ name: "vault list secrets", run, isAnswer }, context);
  };

  /** Lists the pages from a saved position. If there is anything wrong with it, the list starts over: every later run would fail too. */
  async function* pagesFrom(position: string | undefined, context: RequestContext): AsyncGenerator<SecretPage> {
    const first = pageAt(position, context);
    let page = await (position === undefined ? first : first.catch(() => pageAt(undefined, context)));
    yield page;
    while (page.next !== undefined) {
      page = await pageAt(page.next, context);
      yield page;
    }
  }

  /** Sweeps from a saved position to the end of the list, or until the time is over. */
  const sweepFrom = async (position: string | undefined, context: RequestContext): Promise<SweepReport> => {
    const endsAt = clock.now().getTime() + SWEEP_RUN_MS;
    const isOver = () => clock.now().getTime() >= endsAt;
    const sweep = new Sweep(options, await clients.rows(context), context);

    for await (const page of pagesFrom(position, context)) {
      for (const secret of page.secrets) await sweep.examine(secret);
      await state.save({ position: page.next }, context);
      sweep.throwIfFailed(MAX_FAILURES);
      if (page.next !== undefined && isOver()) return sweep.end(false);
    }
    for (const [secretName, row] of sweep.unlisted()) {
      if (isOver()) return sweep.end(false);
      await sweep.examineRow(secretName, row);
      sweep.throwIfFailed(MAX_FAILURES);
    }
    return sweep.end(true);
  };

  const alarmIfOverdue = (endedAt: Date, context: RequestContext) => {
    const age = clock.now().getTime() - endedAt.getTime();
    if (age >= SWEEP_OVERDUE_MS) context.alarm("sweep_failing", "no run has reached the end of the list for a day");
  };

  return {
    async run(context) {
      const before = await state.load(context);
      const startedAt = clock.now();
      // A time that lies ahead, of another program, would put the alarm off.
      const endedAt = before.endedAt && before.endedAt <= startedAt ? before.endedAt : startedAt;
      try {
        const report = await sweepFrom(before.position, context);
        await state.save({ failedRuns: 0, endedAt: report.complete ? clock.now() : endedAt }, context);
        failedRuns = 0;
        if (!report.complete) alarmIfOverdue(endedAt, context);
        return report;
      } catch (error) {
        failedRuns = Math.max(failedRuns, before.failedRuns) + 1;
        await state.save({ failedRuns, endedAt }, context).catch(() => {});
        if (failedRuns >= MAX_FAILED_RUNS) context.alarm("sweep_failing", `${failedRuns} runs in a row have failed`);
        alarmIfOverdue(endedAt, context);
        throw error;
      }
    },
  };
}

/** The work of one run. */
class Sweep {
  readonly #report: SweepReport = { secrets: 0, disabled: 0, broken: 0, complete: false };
  readonly #failures: unknown[] = [];
  readonly #options: SweeperOptions;
  readonly #context: RequestContext;
  readonly #hasRows: boolean;
  /** The rows at the start of the run, by secret name. */
  readonly #rows: ReadonlyMap<string, ClientRow>;
  readonly #unlisted: Map<string, ClientRow>;
  readonly #startedAt: number;
  #orphans = 0;
  /** Whether no renewal has failed in this run: the next ones would fail in the same way, each with an alarm. */
  #mayRenew = true;

  constructor(options: SweeperOptions, rows: readonly ClientRow[], context: RequestContext) {
    this.#options = options;
    this.#context = context;
    this.#hasRows = rows.length > 0;
    this.#rows = new Map(rows.flatMap((row) => (row.secretName ? [[row.secretName, row]] : [])));
    this.#unlisted = new Map(this.#rows);
    this.#startedAt = options.clock.now().getTime();
  }

  /** Examines a vault secret. A failure is kept for the end of the run: it does not keep the run from the other secrets. */
  examine(secret: ListedSecret): Promise<void> {
    return this.#attempt(this.#examine(secret));
  }

  /** Examines the row of a client whose vault secret was not listed. */
  examineRow(secretName: string, row: ClientRow): Promise<void> {
    return this.#attempt(this.#alarmIfUnusable(secretName, row));
  }

  /** Throws the first failure once there are so many. */
  throwIfFailed(minimum: number): void {
    if (this.#failures.length >= minimum) throw this.#failures[0];
  }

  /** Returns the report of the run, or throws its first failure. */
  end(complete: boolean): SweepReport {
    this.throwIfFailed(1);
    return { ...this.#report, complete };
  }

  /** Returns the rows whose secret was not listed: missing, newer than the list, or in the part that an earlier run has read. */
  unlisted(): Iterable<[string, ClientRow]> {
    return this.#unlisted;
  }

  async #attempt(work: Promise<void>): Promise<void> {
    await work.catch((error: unknown) => void this.#failures.push(error));
  }

  async #examine(secret: ListedSecret): Promise<void> {
    if (!secret.name.startsWith(SECRET_NAME_PREFIX)) return;
    this.#report.secrets++;
    this.#unlisted.delete(secret.name);
    const row = this.#rows.get(secret.name);
    if (!secret.enabled) {
      if (row) await this.#alarmIfUnusable(secret.name, row);
    } else if (row ? row.status === "disabled" : this.#isOld(secret)) {
      await this.#disableIfUnnamed(secret);
    } else if (row) {
      await this.#renewExpiry(secret);
    }
  }

  /** Raises an alarm for an active client whose vault secret is disabled or missing. */
  async #alarmIfUnusable(secretName: string, { clientId, status }: ClientRow): Promise<void> {
    if (status !== "active") return;
    const row = await this.#options.clients.find(clientId, this.#context);
    if (row?.status !== "active" || row.secretName !== secretName) return;
    const state = await this.#options.secrets.stateOf(secretName, this.#context);
    if (state === "enabled") return;
    this.#context.alarm(`secret_${state}`, `the vault secret of the active client ${clientId} is ${state}`);
    this.#report.broken++;
  }

  /** Disables a vault secret unless the current row names it: the rows of the start of the run may be outdated. */
  async #disableIfUnnamed({ name, clientId }: ListedSecret): Promise<void> {
    const { clients, secrets } = this.#options;
    const owner = this.#rows.get(name)?.clientId ?? clientId;
    const row = owner && isClientId(owner) ? await clients.find(owner, this.#context) : undefined;
    if (row ? mayName(row, name) : !this.#mayDisableOrphan()) return;
    await secrets.disable(name, this.#context);
    this.#report.disabled++;
  }

  /** Best effort: a vault that refuses the date must not keep the sweep from disabling what has to be disabled. */
  async #renewExpiry(secret: ListedSecret): Promise<void> {
    if (!this.#mayRenew) return;
    await this.#options.secrets.renewExpiry(secret, this.#context).catch(() => {
      this.#mayRenew = false;
    });
  }

  #mayDisableOrphan(): boolean {
    const maximum = this.#hasRows ? MAX_ORPHANS : 0;
    this.#orphans++;
    if (this.#orphans === maximum + 1) {
      this.#context.alarm("sweep_stopped", "too many client secrets belong to no client in the table");
    }
    return this.#orphans <= maximum;
  }

  #isOld({ createdAt }: ListedSecret): boolean {
    return createdAt !== undefined && this.#startedAt - createdAt.getTime() >= ORPHANED_SECRET_MIN_AGE_MS;
  }
}

/** Tells whether a row names a vault secret, or may name it again once its damaged columns are corrected. */
function mayName(row: ClientRow, secretName: string): boolean {
  return row.status !== "disabled" && (row.secretName ?? secretName) === secretName;
}

/** Tells a position that the vault no longer knows, or that is none of this vault. */
function isRefusedPosition(error: unknown): boolean {
  return error instanceof RangeError || [400, 404, 410].includes(statusOf(error) ?? 0);
}
