import { AsyncLocalStorage } from "node:async_hooks";
import { type HttpHandler, HttpRequest, InvocationContext, type Timer } from "@azure/functions";
import { create } from "../../functions/create.ts";
import { disable } from "../../functions/disable.ts";
import { regenerate } from "../../functions/regenerate.ts";
import { sweep } from "../../functions/sweep.ts";
import { token } from "../../functions/token.ts";
import { compose } from "../../shared/compose.ts";
import type { Config } from "../../shared/config.ts";
import { adminEndpoint, tokenEndpoint } from "../../shared/endpoint.ts";
import type { Clock } from "../../shared/request/clock.ts";
import { createRetryPolicy } from "../../shared/request/retry.ts";
import type { Services } from "../../shared/services.ts";
import type { Signer } from "../../shared/signing/signer.ts";
import { timerJob } from "../../shared/timer-job.ts";
import { createSignedTokens } from "../../shared/tokens/signed-tokens.ts";
import { createTokenIssuer } from "../../shared/tokens/token-issuer.ts";
import { azureError, connectionReset } from "../fakes/azure-error.ts";
import { createClock } from "../fakes/fake-clock.ts";
import { createFakeSecretVault } from "../fakes/fake-secret-vault.ts";
import { createFakeTable, type Row } from "../fakes/fake-table.ts";
import { watchInvariants } from "./invariants.ts";
import type { CurrentRequest, Mutant } from "./mutants.ts";
import { type Answer, ClientHistory, isRefusedByAzure } from "./register.ts";
import { carriedTable, carriedVault, type StoreCall } from "./unreliable.ts";

/** The outcomes of one call to a store. */
export const OUTCOMES = [
  "ok",
  "fails before",
  "fails after",
  "lands late",
  "is refused",
  "deadline",
  "crashes before",
  "crashes after",
] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** Orders the steps of all operations: each step waits for its turn. */
export interface Turns {
  turn(label: string): Promise<void>;
  /** Gives turns until the work has ended. */
  until(work: Promise<unknown>): Promise<void>;
}

/** A request or a run of a timer in an instance. */
interface Work {
  readonly kind: string;
  readonly clientId: string | undefined;
  readonly instance: Instance;
  /** The outcomes of its calls to the stores, in order; `ok` for the rest. */
  readonly outcomes: Outcome[];
  /** Callbacks of its deadlines, that of the whole request first. */
  readonly deadlines: (() => void)[];
  row: Row | undefined;
}

/** One process of the service, with its own caches. */
interface Instance {
  readonly services: Services;
  readonly gone: Promise<undefined>;
  isGone: boolean;
  crash(): void;
}

/** The settings that the protocol needs. Token reuse begins after one token, as in a token request flood. */
const CONFIG = {
  tokenIssuer: "https://auth.example",
  tokenAudience: "https://api.example",
  tokenLifetimeSeconds: 1_800,
  tokenReuse: { burst: 1, perSecond: 1, seconds: 10 },
  clientIdPrefix: "socmate",
  keyPublishLeadSeconds: 86_400,
  admin: { jwksUrl: "https://admins.example/keys" },
} as Config;

/** A signer without keys: the protocol does not depend on signatures. */
const SIGNER: Signer = {
  accessToken: async () => ({ accessToken: "a token", kid: "a key" }),
  signsWith: () => true,
  jwks: () => Promise.reject(new Error("not part of the model")),
  report: () => Promise.reject(new Error("not part of the model")),
};

const NEVER = new Promise<never>(() => {});

/** Several instances of the service on shared stores, with the histories of their clients. */
export class World {
  readonly clock = createClock();
  /** The clock of an instance. A pause takes no time; a deadline passes at the outcome `deadline`. */
  readonly #instanceClock: Clock = {
    now: this.clock.now,
    sleep: async (_milliseconds, signal) => signal?.throwIfAborted(),
    after: (milliseconds, run) => {
      if (milliseconds === 0) queueMicrotask(run);
      else this.#work.getStore()?.deadlines.push(run);
      return () => {};
    },
  };
  readonly table = createFakeTable();
  readonly usageTable = createFakeTable();
  readonly vault = createFakeSecretVault(this.clock.now);
  readonly histories: ClientHistory[] = [];
  /** Violations of the protocol inside the stores. */
  readonly violations: string[] = [];
  /** One line for each call to a store. */
  readonly trace: string[] = [];
  readonly #turns: Turns;
  readonly #mutant: Mutant;
  readonly #instances: Instance[];
  readonly #work = new AsyncLocalStorage<Work>();
  readonly #underWay = new Set<Promise<unknown>>();
  #ticks = 0;
  #requests = 0;

  constructor(turns: Turns, mutant: Mutant = {}, instances = 3) {
    this.#turns = turns;
    this.#mutant = mutant;
    this.#instances = Array.from({ length: instances }, () => this.#start());
    watchInvariants({
      table: this.table,
      vault: this.vault,
      readEtag: () => this.#work.getStore()?.row?.etag,
      report: (violation) => this.violations.push(violation),
    });
  }

  async create(at: number, outcomes: readonly Outcome[] = []): Promise<ClientHistory | undefined> {
    const body = { name: "XSOAR", scopes: ["search:read"] };
    const answer = await this.#ask(at, { kind: "create", outcomes, handler: create, path: "", body });
    if (!answer || answer.status === 503) return undefined;
    if (answer.status !== 201) this.violations.push(`create was answered with ${answer.status}`);
    const history = new ClientHistory(
      answer.body.client_id ?? "",
      answer.body.client_secret ?? "",
      () => ++this.#ticks,
    );
    this.histories.push(history);
    return history;
  }

  async regenerate(at: number, history: ClientHistory, outcomes: readonly Outcome[] = []): Promise<Answer | undefined> {
    const { clientId } = history;
    const noted = history.sent({ kind: "regenerate" });
    const answer = await this.#ask(at, { kind: "regenerate", outcomes, handler: regenerate, clientId });
    if (!answer) return undefined;
    const { status, body } = answer;
    const told = { status, secret: body.client_secret, detail: body.detail };
    noted.answered(told);
    return told;
  }

  async disable(at: number, history: ClientHistory, outcomes: readonly Outcome[] = []): Promise<void> {
    const { clientId } = history;
    const noted = history.sent({ kind: "disable" });
    const answer = await this.#ask(at, { kind: "disable", outcomes, handler: disable, clientId });
    if (answer) noted.answered({ status: answer.status, detail: answer.body.detail });
  }

  async token(
    at: number,
    history: ClientHistory,
    secret: string,
    outcomes: readonly Outcome[] = [],
  ): Promise<number | undefined> {
    const { clientId } = history;
    const noted = history.sent({ kind: "token", secret });
    const answer = await this.#ask(at, { kind: "token", outcomes, handler: token, clientId, secret });
    if (answer) noted.answered(answer);
    return answer?.status;
  }

  /** Runs the sweep; returns its log lines. */
  async sweep(at: number, outcomes: readonly Outcome[] = []): Promise<string[]> {
    const lines: string[] = [];
    await this.#do(at, { kind: "sweep", clientId: undefined, outcomes }, ({ services }) =>
      Promise.resolve(
        timerJob(sweep, 1_000, () => services, this.#instanceClock)({} as Timer, this.#contextFor("sweep", lines)),
      ),
    );
    return lines;
  }

  async flush(at: number, outcomes: readonly Outcome[] = []): Promise<void> {
    await this.#do(at, { kind: "flush", clientId: undefined, outcomes }, ({ services }) => services.usage.flush());
  }

  /** Begins an operation without waiting for it. */
  begin(work: Promise<unknown>): void {
    const done = work.finally(() => this.#underWay.delete(done));
    this.#underWay.add(done);
  }

  /** Waits until all operations and late writes have ended. */
  async settle(): Promise<void> {
    while (this.#underWay.size > 0) await this.#turns.until(Promise.all(this.#underWay));
  }

  /** Returns all violations so far, in the stores and in the answers. */
  allViolations(): string[] {
    return [...this.violations, ...this.histories.flatMap((history) => history.violations())];
  }

  async #ask(
    at: number,
    request: {
      kind: string;
      outcomes: readonly Outcome[];
      handler: typeof token;
      clientId?: string;
      path?: string;
      body?: object;
      secret?: string;
    },
  ): Promise<{ status: number; body: Record<string, string | undefined> } | undefined> {
    const { kind, outcomes, handler, clientId, secret, body } = request;
    return this.#do(at, { kind, clientId, outcomes }, async ({ services }) => {
      const http = secret === undefined ? adminRequest(clientId, body) : tokenRequest(clientId ?? "", secret);
      const endpoint: HttpHandler = (secret === undefined ? adminEndpoint : tokenEndpoint)(
        handler,
        () => services,
        this.#instanceClock,
      );
      const { status = 200, body: answer, headers } = await endpoint(http, this.#contextFor(kind, []));
      const parsed = JSON.parse(String(answer)) as Record<string, string | undefined>;
      const isTimed = new Headers(headers as Record<string, string>).has("Retry-After");
      if (status === 503 && isTimed === isRefusedByAzure({ status, ...parsed })) {
        this.violations.push(`${kind} was answered with 503 ${isTimed ? "with" : "without"} Retry-After`);
      }
      return { status, body: parsed };
    });
  }

  #contextFor(functionName: string, lines: string[]): InvocationContext {
    const logHandler = (_level: unknown, ...args: unknown[]) => void lines.push(String(args[0]));
    return new InvocationContext({ invocationId: `request-${++this.#requests}`, functionName, logHandler });
  }

  /** Runs an operation on an instance. Returns `undefined` if the instance dies before the end. */
  async #do<T>(
    at: number,
    { kind, clientId, outcomes }: { kind: string; clientId: string | undefined; outcomes: readonly Outcome[] },
    run: (instance: Instance) => Promise<T>,
  ): Promise<T | undefined> {
    const instance = this.#instances[at];
    if (!instance) throw new Error(`There is no instance ${at}.`);
    const work: Work = { kind, clientId, instance, outcomes: [...outcomes], deadlines: [], row: undefined };
    return Promise.race([this.#work.run(work, run, instance), instance.gone]);
  }

  #start(): Instance {
    const { promise: gone, resolve } = Promise.withResolvers<undefined>();
    const instance: Instance = {
      services: this.#services(),
      gone,
      isGone: false,
      crash: () => {
        instance.isGone = true;
        resolve(undefined);
        this.#instances[this.#instances.indexOf(instance)] = this.#start();
      },
    };
    return instance;
  }

  #services(): Services {
    const clock = this.#instanceClock;
    const mutant = this.#mutant;
    const retry = createRetryPolicy(clock);
    const currentRequest = (): CurrentRequest =>
      this.#work.getStore() ?? { kind: "", clientId: undefined, row: undefined };
    const carry = <T>(call: StoreCall, perform: () => Promise<T>) => this.#carry(call, perform);
    const plainTable = carriedTable(this.table, carry);
    const plainVault = carriedVault(this.vault, carry);
    const parts = { table: plainTable, vault: plainVault, retry, currentRequest };
    const table = { ...plainTable, ...mutant.table?.(parts) };
    const usageTable = { ...carriedTable(this.usageTable, carry), ...mutant.usageTable?.(parts) };
    const vault = { ...plainVault, ...mutant.vault?.(parts) };

    const readSecretPage = mutant.readPage?.(vault.readPage) ?? vault.readPage;
    const services = compose(
      CONFIG,
      { table, usageTable, secretVault: vault, readSecretPage, signingVaults: [] },
      clock,
    );
    Object.assign(services.signer, SIGNER);
    // In place, since usage and sweep hold a reference to the same store.
    Object.assign(services.clients, mutant.clients?.({ ...services.clients }, parts));
    return {
      ...services,
      admins: { authenticate: async () => ({ id: "admin" }) },
      tokens: createTokenIssuer({
        ...services,
        signedTokens: createSignedTokens(CONFIG, SIGNER, clock),
        lastKnown: mutant.lastKnown?.(parts),
      }),
    };
  }

  /** Executes a call to a store, or fails as the outcome of the call says. */
  async #carry<T>({ method, args }: StoreCall, perform: () => Promise<T>): Promise<T> {
    const work = this.#work.getStore();
    if (!work) throw new Error("A store was called outside of an operation.");
    const outcome = work.outcomes.shift() ?? "ok";
    const label = `${work.kind} ${this.#instances.indexOf(work.instance)}: ${method} ${targetOf(args)} ${outcome}`;
    await this.#turn(work, label);
    this.trace.push(label);
    switch (outcome) {
      case "ok":
        break;
      case "fails before":
        throw connectionReset();
      case "fails after":
        await perform().catch(() => {});
        await this.#turn(work, `${label}: reply`);
        throw connectionReset();
      case "lands late":
        this.begin(this.#turns.turn(`${label}: now`).then(() => perform().catch(() => {})));
        throw connectionReset();
      case "is refused":
        throw azureError(403);
      case "deadline":
        work.deadlines[0]?.();
        break;
      case "crashes before":
        work.instance.crash();
        return NEVER;
      case "crashes after":
        await perform().catch(() => {});
        work.instance.crash();
        return NEVER;
    }
    const result = await perform();
    if (method === "getEntity" && isClientRow(result)) work.row = result;
    await this.#turn(work, `${label}: reply`);
    return result;
  }

  /** Waits for a turn, which never comes on a dead instance. */
  async #turn(work: Work, label: string): Promise<void> {
    await this.#turns.turn(label);
    if (work.instance.isGone) await NEVER;
  }
}

function isClientRow(result: unknown): result is Row {
  return typeof result === "object" && result !== null && "rowKey" in result && result.rowKey === "client";
}

/** Returns the target of a call for the trace. */
function targetOf([first, second]: readonly unknown[]): string {
  const row = Array.isArray(first) ? first[0]?.[1] : first;
  const { partitionKey, rowKey } = (row ?? {}) as Partial<Row>;
  return partitionKey
    ? `${partitionKey}/${rowKey}`
    : [first, second].filter((part) => typeof part === "string").join("/");
}

function adminRequest(clientId: string | undefined, body: object | undefined): HttpRequest {
  return new HttpRequest({
    method: "POST",
    url: "https://api.example/api/admin/api-clients",
    headers: { "content-type": "application/json" },
    ...(clientId !== undefined && { params: { client_id: clientId } }),
    ...(body && { body: { string: JSON.stringify(body) } }),
  });
}

function tokenRequest(clientId: string, clientSecret: string): HttpRequest {
  const form = new URLSearchParams({
    grant_type: "client_credentials",
    client_id: clientId,
    client_secret: clientSecret,
  });
  return new HttpRequest({
    method: "POST",
    url: "https://auth.example/oauth/token",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: { string: form.toString() },
  });
}
