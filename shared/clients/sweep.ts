import { isClientId } from "../model/client.ts";
import type { Clock } from "../request/clock.ts";
import type { RequestContext } from "../request/context.ts";
import { type RetryPolicy, statusOf } from "../request/retry.ts";
import { ORPHANED_SECRET_MIN_AGE_MS, SWEEP_RUN_MS } from "../request/time-limits.ts";
import type { ClientRow } from "./client-row.ts";
import type { ClientStore } from "./client-store.ts";
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
   * Disables orphaned vault secrets and those of disabled clients, and raises an alarm for an active client whose vault secret is disabled
   * or missing. The sweep never enables a secret: an operator may have disabled it. Runs may overlap with each other and with requests.
   *
   * @throws Unavailable if a store fails; the next run continues at the saved position.
   */
  run(context: RequestContext): Promise<SweepReport>;
}

interface SweeperOptions {
  clients: Pick<ClientStore, "find" | "list">;
  secrets: Pick<SecretStore, "disable" | "stateOf">;
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
      for (const [secretName, row] of sweep.unlisted()) {
        if (isOver()) return sweep.report;
        await sweep.alarmIfUnusable(secretName, row);
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
  readonly #hasRows: boolean;
  /** The rows at the start of the run, by secret name. */
  readonly #rows: ReadonlyMap<string, ClientRow>;
  readonly #unlisted: Map<string, ClientRow>;
  readonly #startedAt: number;
  #orphans = 0;

  constructor(options: SweeperOptions, rows: readonly ClientRow[], context: RequestContext) {
    this.#options = options;
    this.#context = context;
    this.#hasRows = rows.length > 0;
    this.#rows = new Map(rows.flatMap((row) => (row.secretName ? [[row.secretName, row]] : [])));
    this.#unlisted = new Map(this.#rows);
    this.#startedAt = options.clock.now().getTime();
  }

  async examine(secret: ListedSecret): Promise<void> {
    if (!secret.name.startsWith(SECRET_NAME_PREFIX)) return;
    this.report.secrets++;
    this.#unlisted.delete(secret.name);
    const row = this.#rows.get(secret.name);
    if (!secret.enabled) {
      if (row) await this.alarmIfUnusable(secret.name, row);
    } else if (row ? row.status === "disabled" : this.#isOld(secret)) {
      await this.#disableIfUnnamed(secret);
    }
  }

  /** Returns the rows whose secret was not listed: missing, newer than the list, or in the part that an earlier run has read. */
  unlisted(): Iterable<[string, ClientRow]> {
    return this.#unlisted;
  }

  /** Raises an alarm for an active client whose vault secret is disabled or missing. */
  async alarmIfUnusable(secretName: string, { clientId, status }: ClientRow): Promise<void> {
    if (status !== "active") return;
    const row = await this.#options.clients.find(clientId, this.#context);
    if (row?.status !== "active" || row.secretName !== secretName) return;
    const state = await this.#options.secrets.stateOf(secretName, this.#context);
    if (state === "enabled") return;
    this.#context.alarm(`secret_${state}`, `the vault secret of the active client ${clientId} is ${state}`);
    this.report.broken++;
  }

  /** Disables a vault secret unless the current row names it: the rows of the start of the run may be outdated. */
  async #disableIfUnnamed({ name, clientId }: ListedSecret): Promise<void> {
    const { clients, secrets } = this.#options;
    const owner = this.#rows.get(name)?.clientId ?? clientId;
    const row = owner && isClientId(owner) ? await clients.find(owner, this.#context) : undefined;
    if (row ? mayName(row, name) : !this.#mayDisableOrphan()) return;
    await secrets.disable(name, this.#context);
    this.report.disabled++;
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

function isRefused(error: unknown): boolean {
  return [400, 404, 410].includes(statusOf(error) ?? 0);
}

type IsAnswer = (error: unknown) => boolean;
const neverAnswer: IsAnswer = () => false;
