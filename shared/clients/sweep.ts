import type { Clock } from "../request/clock.ts";
import type { RequestContext } from "../request/context.ts";
import { type RetryPolicy, statusOf } from "../request/retry.ts";
import { ORPHANED_SECRET_MIN_AGE_MS, SWEEP_RUN_MS } from "../request/time-limits.ts";
import type { ClientRow, ClientStore } from "./client-store.ts";
import type { ListedSecret, ReadSecretPage, SecretPage } from "./secret-pages.ts";
import { SECRET_NAME_PREFIX, type SecretStore } from "./secret-store.ts";
import type { SweepPosition } from "./sweep-position.ts";

/** So few creates fail in an hour. Many secrets whose client has no row mean a wrong or a restored table. */
const MAX_WITHOUT_ROW = 100;

/** What one run of the sweep came to. */
export interface SweepReport {
  /** Vault secrets that were looked at. */
  secrets: number;
  /** Those that were disabled. */
  disabled: number;
  /** Active clients whose vault secret is disabled or missing. */
  broken: number;
  /** Whether the run came to the end of the list; if not, the next run goes on where this one stopped. */
  complete: boolean;
}

/** Brings the second lock up to date with the rows, which have decided long ago. */
export interface Sweeper {
  /**
   * Disables vault secrets that no row names any more or whose client is disabled, and reports active clients that cannot get
   * tokens because theirs is disabled or missing. It never enables one: whoever locked it had a reason. Any number of runs may
   * overlap with each other and with every other request.
   *
   * @throws Unavailable when a store fails; the next run goes on from there.
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

/** Makes the sweeper of a process. */
export function createSweeper(options: SweeperOptions): Sweeper {
  const { clients, readPage, position, retry, clock } = options;

  const pageAt = (
    at: string | undefined,
    context: RequestContext,
    isAnswer: IsAnswer = nothing,
  ): Promise<SecretPage> => {
    const run = (abortSignal: AbortSignal) => readPage(at, abortSignal);
    return retry({ name: "vault list secrets", run, isAnswer }, context);
  };

  /** A position that the vault no longer knows must not stop all runs to come. */
  const firstPage = async (context: RequestContext): Promise<SecretPage> => {
    const at = await position.load(context);
    return pageAt(at, context, at === undefined ? nothing : isRefused).catch((error) => {
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
        for (const secret of page.secrets) await sweep.lookAt(secret);
        await position.save(page.next, context);
        if (page.next !== undefined && isOver()) return sweep.report;
      }
      for (const row of sweep.unseen()) {
        if (isOver()) return sweep.report;
        await sweep.tellIfBroken(row);
      }
      return { ...sweep.report, complete: true };
    },
  };
}

/** What one run knows and does. */
class Sweep {
  readonly report: SweepReport = { secrets: 0, disabled: 0, broken: 0, complete: false };
  readonly #options: SweeperOptions;
  readonly #context: RequestContext;
  /** All rows as they were when the run began, by the secret that they name. */
  readonly #rows: ReadonlyMap<string, ClientRow>;
  readonly #unseen: Map<string, ClientRow>;
  readonly #startedAt: number;
  #withoutRow = 0;

  constructor(options: SweeperOptions, rows: readonly ClientRow[], context: RequestContext) {
    this.#options = options;
    this.#context = context;
    this.#rows = new Map(rows.map((row) => [row.secretName, row]));
    this.#unseen = new Map(this.#rows);
    this.#startedAt = options.clock.now().getTime();
  }

  async lookAt(secret: ListedSecret): Promise<void> {
    if (!secret.name.startsWith(SECRET_NAME_PREFIX)) return;
    this.report.secrets++;
    this.#unseen.delete(secret.name);
    const row = this.#rows.get(secret.name);
    if (!secret.enabled) {
      if (row) await this.tellIfBroken(row);
    } else if (row ? row.status === "disabled" : this.#isOld(secret)) {
      await this.#lockIfDead(secret);
    }
  }

  /** The rows whose secret was not listed: it is missing, or newer than the list, or in the part that an earlier run has read. */
  unseen(): Iterable<ClientRow> {
    return this.#unseen.values();
  }

  /** Reports an active client whose secret is not there to be used. */
  async tellIfBroken({ clientId, secretName, status }: ClientRow): Promise<void> {
    if (status === "disabled") return;
    const row = await this.#options.clients.find(clientId, this.#context);
    if (!row || !isNamedBy(row, secretName)) return;
    const state = await this.#options.secrets.stateOf(secretName, this.#context);
    if (state === "enabled") return;
    this.#context.alarm(`secret_${state}`, `the vault secret of the active client ${clientId} is ${state}`);
    this.report.broken++;
  }

  /** The row as it is now decides, not as it was when the run began. */
  async #lockIfDead({ name, clientId }: ListedSecret): Promise<void> {
    const { clients, secrets } = this.#options;
    const owner = this.#rows.get(name)?.clientId ?? clientId;
    const row = owner === undefined ? undefined : await clients.find(owner, this.#context);
    if (row ? isNamedBy(row, name) : !this.#mayLockWithoutRow()) return;
    await secrets.disable(name, this.#context);
    this.report.disabled++;
  }

  #mayLockWithoutRow(): boolean {
    const maximum = this.#rows.size === 0 ? 0 : MAX_WITHOUT_ROW;
    this.#withoutRow++;
    if (this.#withoutRow === maximum + 1) {
      this.#context.alarm("sweep_stopped", "too many client secrets belong to no client in the table");
    }
    return this.#withoutRow <= maximum;
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
const nothing: IsAnswer = () => false;
