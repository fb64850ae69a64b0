import { type Entry, linearize, type Step } from "./linearizability.ts";

/** What an API client is to those who use it: a register that holds the one valid secret, until it is disabled. */
interface Register {
  readonly active: boolean;
  readonly secret: string;
  /** How often the register was changed. */
  readonly version: number;
  /** For a regenerate whose outcome is unknown: the version that it saw, on which alone it can still commit, or that it made. */
  readonly seen: Readonly<Record<string, number>>;
}

type RegisterEvent =
  | { readonly kind: "token"; readonly secret: string; readonly granted: boolean }
  | { readonly kind: "regenerate"; readonly secret: string }
  | { readonly kind: "see" | "commit" | "lose"; readonly operation: string }
  | { readonly kind: "disable" | "refuse" };

const step: Step<Register, RegisterEvent> = (state, event) => {
  const { active, version } = state;
  const change = (secret: string) => ({ ...state, secret, version: version + 1 });
  switch (event.kind) {
    case "token":
      return (active && state.secret === event.secret) === event.granted ? state : undefined;
    case "regenerate":
      return active ? change(event.secret) : undefined;
    case "see":
      return sees(state, event.operation, version);
    case "commit":
      return active && state.seen[event.operation] === version
        ? sees(change(event.operation), event.operation, version + 1)
        : undefined;
    case "lose":
      return isOvertaken(state, event.operation) ? state : undefined;
    case "refuse":
      return active ? undefined : state;
    case "disable":
      return active ? { ...change(state.secret), active: false } : state;
  }
};

function sees(state: Register, operation: string, version: number): Register {
  return { ...state, seen: { ...state.seen, [operation]: version } };
}

function isOvertaken({ seen, version }: Register, operation: string): boolean {
  return (seen[operation] ?? version) < version;
}

/** What somebody asked the service about one client, at the token endpoint or as an administrator. */
export type Request =
  | { readonly kind: "token"; readonly secret: string }
  | { readonly kind: "regenerate" }
  | { readonly kind: "disable" };

/** How it was answered. */
export interface Answer {
  readonly status: number;
  /** The secret of a regenerate that succeeded. */
  readonly secret?: string | undefined;
  readonly detail?: string | undefined;
}

/** A request that was noted when it was sent. */
export interface Noted {
  /** Notes its answer. Without one the request may still take effect, or never. */
  answered(answer: Answer): void;
}

interface Exchange {
  readonly request: Request;
  readonly invoked: number;
  answer?: Answer;
  returned?: number;
}

/** Tells the answers that an endpoint may give at all, whatever happened. */
const STATUSES = { token: [200, 401, 503], regenerate: [200, 409, 503], disable: [200, 503] };

/** All that was asked and answered about one client since it was created. */
export class ClientHistory {
  readonly clientId: string;
  /** Every secret that was ever shown, oldest first. */
  readonly secrets: string[];
  readonly #exchanges: Exchange[] = [];
  readonly #tick: () => number;

  /** `tick` tells how much has happened so far; it grows with each call, across all histories. */
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

  /** What is wrong with the history, one sentence each: answers that no endpoint may give, and answers that contradict each other. */
  violations(): string[] {
    const wrong = this.#exchanges.filter(
      ({ request, answer }) => answer && !STATUSES[request.kind].includes(answer.status),
    );
    if (wrong.length > 0) {
      return wrong.map(
        ({ request, answer }) => `${this.clientId}: ${request.kind} was answered with ${answer?.status}`,
      );
    }
    const initial: Register = { active: true, secret: this.secrets[0] ?? "", version: 0, seen: {} };
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

/** What an exchange says about the register. A 503 for a token says nothing. */
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
  if (request.kind === "disable") return [entry({ kind: "disable" }, answer?.status === 200 ? returned : open)];
  if (!answer) return [entry({ kind: "regenerate", secret: operation }, open)];
  if (answer.status === 200) return [entry({ kind: "regenerate", secret: answer.secret ?? "" })];
  if (answer.status === 409 && answer.detail?.includes("disabled")) return [entry({ kind: "refuse" })];
  // It has read the row before it answered, and can commit on nothing newer, however late.
  const unknown = [entry({ kind: "see", operation }), entry({ kind: "commit", operation }, open)];
  // A lost race was won by somebody else. It may hide a commit all the same: its reply was lost, and the next had overtaken it by the
  // time the row was read again.
  return answer.status === 409 ? [...unknown, entry({ kind: "lose", operation })] : unknown;
}
