import { type Entry, linearize, type Step } from "./linearizability.ts";

/** The specification of an API client: a register with the one valid secret, until the client is disabled. */
interface Register {
  readonly active: boolean;
  readonly secret: string;
  /**
   * For each regenerate of unknown outcome: whether the version that it has read or made is still the current one, on which alone it can
   * commit. Versions themselves are left out, and the names are in order: the search meets fewer states, and knows those it has tried.
   */
  readonly isCurrent: Readonly<Record<string, boolean>>;
}

type RegisterEvent =
  | { readonly kind: "token"; readonly secret: string; readonly granted: boolean }
  | { readonly kind: "regenerate"; readonly secret: string }
  | { readonly kind: "see" | "commit" | "lose"; readonly operation: string }
  | { readonly kind: "disable" | "refuse" };

const step: Step<Register, RegisterEvent> = (state, event) => {
  const { active, isCurrent } = state;
  switch (event.kind) {
    case "token":
      return (active && state.secret === event.secret) === event.granted ? state : undefined;
    case "regenerate":
      return active ? change(state, { secret: event.secret }) : undefined;
    case "see":
      return sees(state, event.operation);
    case "commit":
      return active && isCurrent[event.operation]
        ? sees(change(state, { secret: event.operation }), event.operation)
        : undefined;
    case "lose":
      return isCurrent[event.operation] === false ? state : undefined;
    case "refuse":
      return active ? undefined : state;
    case "disable":
      return active ? change(state, { active: false }) : state;
  }
};

function sees(state: Register, operation: string): Register {
  const entries = Object.entries({ ...state.isCurrent, [operation]: true }).sort(([a], [b]) => (a < b ? -1 : 1));
  return { ...state, isCurrent: Object.fromEntries(entries) };
}

/** Makes a new version, which overtakes every operation that has seen an earlier one. */
function change(state: Register, changes: Partial<Register>): Register {
  const isCurrent = Object.fromEntries(Object.keys(state.isCurrent).map((operation) => [operation, false]));
  return { ...state, ...changes, isCurrent };
}

/** A request about one client, at the token endpoint or the admin API. */
export type Request =
  | { readonly kind: "token"; readonly secret: string }
  | { readonly kind: "regenerate" }
  | { readonly kind: "disable" };

/** The answer to such a request. */
export interface Answer {
  readonly status: number;
  /** The secret of a regenerate that succeeded. */
  readonly secret?: string | undefined;
  readonly detail?: string | undefined;
}

/** Tells the answer to a definite refusal by Azure, which promises an administrator that nothing was changed. */
export function isRefusedByAzure({ status, detail }: Pick<Answer, "status" | "detail">): boolean {
  return status === 503 && detail?.startsWith("Azure refused: ") === true;
}

/** Tells an answer that promises that nothing was changed and that nothing of the request will be. */
function isUnchanged(answer: Answer): boolean {
  const isAbandoned = answer.status === 503 && answer.detail?.startsWith("Nothing was changed: ") === true;
  return isAbandoned || isRefusedByAzure(answer);
}

/** A request in the history. */
export interface Noted {
  /** Adds its answer. A request without an answer may take effect at any later time or never. */
  answered(answer: Answer): void;
}

interface Exchange {
  readonly request: Request;
  readonly invoked: number;
  answer?: Answer;
  returned?: number;
}

/** The statuses that an endpoint may answer with under faults. */
const STATUSES = { token: [200, 401, 503], regenerate: [200, 409, 503], disable: [200, 503] };

/** The requests and answers about one client since its creation. */
export class ClientHistory {
  readonly clientId: string;
  /** All secrets that were answered, oldest first. */
  readonly secrets: string[];
  readonly #exchanges: Exchange[] = [];
  readonly #tick: () => number;

  /** `tick` returns a logical time that grows with each call, across all histories. */
  constructor(clientId: string, firstSecret: string, tick: () => number) {
    this.clientId = clientId;
    this.secrets = [firstSecret];
    this.#tick = tick;
  }

  get size(): number {
    return this.#exchanges.length;
  }

  sent(request: Request): Noted {
    const exchange: Exchange = { request, invoked: this.#tick() };
    this.#exchanges.push(exchange);
    return {
      answered: (answer) => {
        exchange.answer = answer;
        exchange.returned = this.#tick();
        if (answer.secret) this.secrets.push(answer.secret);
      },
    };
  }

  /** Returns the violations, one sentence each: forbidden statuses, or answers that contradict each other. */
  violations(): string[] {
    const wrong = this.#exchanges.filter(
      ({ request, answer }) => answer && !STATUSES[request.kind].includes(answer.status),
    );
    if (wrong.length > 0) {
      return wrong.map(
        ({ request, answer }) => `${this.clientId}: ${request.kind} was answered with ${answer?.status}`,
      );
    }
    const initial: Register = { active: true, secret: this.secrets[0] ?? "", isCurrent: {} };
    const entries = this.#exchanges.flatMap(toEntries);
    return linearize(entries, initial, step) ? [] : [`${this.clientId}: no order explains the answers\n${this}`];
  }

  toString(): string {
    const nameOf = (secret: string) => `secret ${this.secrets.indexOf(secret)}`;
    return this.#exchanges
      .map(({ request, invoked, answer, returned = "…" }) => {
        const about = request.kind === "token" ? ` with ${nameOf(request.secret)}` : "";
        const shown = answer?.secret ? `, ${nameOf(answer.secret)}` : "";
        return `  ${invoked}–${returned} ${request.kind}${about}: ${answer?.status ?? "no answer"}${shown}`;
      })
      .join("\n");
  }
}

/** Converts an exchange to events of the register. A 503 for a token has none, nor has a change that Azure refused or that was abandoned. */
function toEntries(
  { request, invoked, answer, returned = Number.POSITIVE_INFINITY }: Exchange,
  index: number,
): Entry<RegisterEvent>[] {
  const entry = (event: RegisterEvent, end = returned): Entry<RegisterEvent> => ({ event, invoked, returned: end });
  const open = Number.POSITIVE_INFINITY;
  const operation = `?${index}`;
  if (request.kind === "token") {
    return answer && answer.status !== 503
      ? [entry({ kind: "token", secret: request.secret, granted: answer.status === 200 })]
      : [];
  }
  if (answer && isUnchanged(answer)) return [];
  if (request.kind === "disable") return [entry({ kind: "disable" }, answer?.status === 200 ? returned : open)];
  if (!answer) return [entry({ kind: "regenerate", secret: operation }, open)];
  if (answer.status === 200) return [entry({ kind: "regenerate", secret: answer.secret ?? "" })];
  if (answer.status === 409 && answer.detail?.includes("disabled")) return [entry({ kind: "refuse" })];
  // The operation has read the row before its answer. A late commit is bound to that version.
  const unknown = [entry({ kind: "see", operation }), entry({ kind: "commit", operation }, open)];
  // After a lost race another change has won. A commit is possible all the same: its reply was lost, and the other change came before
  // the row was read again.
  return answer.status === 409 ? [...unknown, entry({ kind: "lose", operation })] : unknown;
}
