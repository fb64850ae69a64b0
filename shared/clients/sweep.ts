import type { Clock } from "../request/clock.ts";
import type { RequestContext } from "../request/context.ts";
import { type RetryPolicy, statusOf } from "../request/retry.ts";
import { ORPHANED_SECRET_MIN_AGE_MS, SWEEP_RUN_MS } from "../request/time-limits.ts";
import type { ClientRow, ClientStore } from "./client-store.ts";
import type { ListedSecret, ReadSecretPage, SecretPage } from "./secret-pages.ts";
import { SECRET_NAME_PREFIX, type SecretStore } from "./secret-store.ts";
import type { SweepPosition } from "./sweep-position.ts";

/** A run disables at most 100 orphaned secrets: more of them mean a wrong or a restored table. */
const MAX_ORPHANS = 100;

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
   * with each other and with requests.
   *
   * @throws Unavailable if a store fails; the next run continues at the saved position.
   */
  run(context: RequestContext): Promise<SweepReport>;
}

interface SweeperOptions {
  clients: Pick<ClientStore, "find" | "list">;
  secrets: Pick<SecretStore, "disable" | "renewExpiry" | "stateOf">;
  readPage: ReadSecretPage;
  position: SweepPosition;
  retry: RetryPolicy;
  clock: Clock;
}

/** Creates the sweeper of a process. */
export function createSweeper(options: SweeperOptions): Sweeper {
  const { clients, readPage, position, retry, clock } = options;

  const pageAt = (
    at: string | undefined,
    context: RequestContext,
    isAnswer: IsAnswer = neverAnswer,
  ): Promise<SecretPage> => {
    const run = (abortSignal: AbortSignal) => readPage(at, abortSignal);
    return retry({ name: "vault list secrets", run, isAnswer }, context);
  };

  /** Starts over if the vault refuses the saved position: otherwise every later run would fail. */
  const firstPage = async (context: RequestContext): Promise<SecretPage> => {
    const at = await position.load(context);
    return pageAt(at, context, at === undefined ? neverAnswer : isRefused).catch((error) => {
      if (isRefused(error)) return pageAt(undefined, context);
      throw error;
    });
  };

  async function* pages(context: RequestContext): AsyncGenerator<SecretPage> {
    let page = await firstPage(context);
    yield page;
    while (page.next !== undefined) {
      page = await pageAt(page.next, context);
      yield page;
    }
  }

  return {
    async run(context) {
      const endsAt = clock.now().getTime() + SWEEP_RUN_MS;
      const isOver = () => clock.now().getTime() >= endsAt;
      const sweep = new Sweep(options, await clients.list(context), context);

      for await (const page of pages(context)) {
        for (const secret of page.secrets) await sweep.examine(secret);
        await position.save(page.next, context);
        if (page.next !== undefined && isOver()) return sweep.report;
      }
      for (const row of sweep.unlisted()) {
        if (isOver()) return sweep.report;
        await sweep.alarmIfUnusable(row);
      }
      return { ...sweep.report, complete: true };
    },
  };
}

/** The state of one run. */
class Sweep {
  readonly report: SweepReport = { secrets: 0, disabled: 0, broken: 0, complete: false };
  readonly #options: SweeperOptions;
  readonly #context: RequestContext;
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
    this.#rows = new Map(rows.map((row) => [row.secretName, row]));
    this.#unlisted = new Map(this.#rows);
    this.#startedAt = options.clock.now().getTime();
  }

  async examine(secret: ListedSecret): Promise<void> {
    if (!secret.name.startsWith(SECRET_NAME_PREFIX)) return;
    this.report.secrets++;
    this.#unlisted.delete(secret.name);
    const row = this.#rows.get(secret.name);
    if (!secret.enabled) {
      if (row) await this.alarmIfUnusable(row);
    } else if (row ? row.status === "disabled" : this.#isOld(secret)) {
      await this.#disableIfUnnamed(secret);
    } else if (row) {
      await this.#renewExpiry(secret);
    }
  }

  /** Returns the rows whose secret was not listed: missing, newer than the list, or in the part that an earlier run has read. */
  unlisted(): Iterable<ClientRow> {
    return this.#unlisted.values();
  }

  /** Raises an alarm for an active client whose vault secret is disabled or missing. */
  async alarmIfUnusable({ clientId, secretName, status }: ClientRow): Promise<void> {
    if (status === "disabled") return;
    const row = await this.#options.clients.find(clientId, this.#context);
    if (!row || !isNamedBy(row, secretName)) return;
    const state = await this.#options.secrets.stateOf(secretName, this.#context);
    if (state === "enabled") return;
    this.#context.alarm(`secret_${state}`, `the vault secret of the active client ${clientId} is ${state}`);
    this.report.broken++;
  }

  /** Disables a vault secret unless the current row names it: the rows of the start of the run may be outdated. */
  async #disableIfUnnamed({ name, clientId }: ListedSecret): Promise<void> {
    const { clients, secrets } = this.#options;
    const owner = this.#rows.get(name)?.clientId ?? clientId;
    const row = owner === undefined ? undefined : await clients.find(owner, this.#context);
    if (row ? isNamedBy(row, name) : !this.#mayDisableOrphan()) return;
    await secrets.disable(name, this.#context);
    this.report.disabled++;
  }

  /** Best effort: a vault that refuses the date must not keep the sweep from disabling what has to be disabled. */
  async #renewExpiry(secret: ListedSecret): Promise<void> {
    if (!this.#mayRenew) return;
    await this.#options.secrets.renewExpiry(secret, this.#context).catch(() => {
      this.#mayRenew = false;
    });
  }

  #mayDisableOrphan(): boolean {
    const maximum = this.#rows.size === 0 ? 0 : MAX_ORPHANS;
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

function isNamedBy(row: ClientRow, secretName: string): boolean {
  return row.status === "active" && row.secretName === secretName;
}

function isRefused(error: unknown): boolean {
  return [400, 404, 410].includes(statusOf(error) ?? 0);
}

type IsAnswer = (error: unknown) => boolean;
const neverAnswer: IsAnswer = () => false;
