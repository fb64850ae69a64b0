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
import { createIssuer } from "../../shared/tokens/issuer.ts";
import { createTokenIssuer } from "../../shared/tokens/token-issuer.ts";
import { connectionReset } from "../fakes/azure-error.ts";
import { createClock } from "../fakes/fake-clock.ts";
import { createFakeSecretVault } from "../fakes/fake-secret-vault.ts";
import { createFakeTable, type Row } from "../fakes/fake-table.ts";
import { watchInvariants } from "./invariants.ts";
import type { Context, Mutant } from "./mutants.ts";
import { type Answer, ClientHistory } from "./register.ts";
import { carriedTable, carriedVault, type StoreCall } from "./unreliable.ts";

/** What becomes of one call to a store. */
export const FATES = [
  "ok",
  "fails before",
  "fails after",
  "lands late",
  "deadline",
  "crashes before",
  "crashes after",
] as const;
export type Fate = (typeof FATES)[number];

/** Decides in which order things happen: each of them waits for its turn. */
export interface Turns {
  turn(label: string): Promise<void>;
  /** Gives turns until the work is done. */
  until(work: Promise<unknown>): Promise<void>;
}

/** A request, or a run of a timer, on its way through an instance. */
interface Work {
  readonly kind: string;
  readonly clientId: string | undefined;
  readonly instance: Instance;
  /** What becomes of its calls to the stores in turn; of the rest: `ok`. */
  readonly fates: Fate[];
  /** What is to happen when its deadlines have passed, that of the whole request first. */
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

/** What the protocol needs of the settings. A client soon gets its last token again, as in a storm. */
const CONFIG = {
  tokenIssuer: "https://auth.example",
  tokenAudience: "https://api.example",
  tokenLifetimeSeconds: 1_800,
  tokenReuse: { burst: 1, perSecond: 1, seconds: 10 },
  clientIdPrefix: "socmate",
  keyPublishLeadSeconds: 86_400,
  admin: { jwksUrl: "https://admins.example/keys" },
} as Config;

/** Signing has no part in the protocol. */
const SIGNER: Signer = {
  accessToken: async () => ({ accessToken: "a token", kid: "a key" }),
  signsWith: () => true,
  jwks: () => Promise.reject(new Error("nobody asks")),
  report: () => Promise.reject(new Error("nobody asks")),
};

const NEVER = new Promise<never>(() => {});

/** Several instances of the service on shared stores, and all that is known about them. */
export class World {
  readonly clock = createClock();
  /** The time of an instance: pauses take none, and a deadline passes when a fate says so. */
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
  readonly vault = createFakeSecretVault(this.clock.now);
  readonly histories: ClientHistory[] = [];
  /** What the stores went through that the protocol forbids. */
  readonly violations: string[] = [];
  /** One line for each call to a store. */
  readonly trace: string[] = [];
  readonly #turns: Turns;
  readonly #mutant: Mutant;
  readonly #instances: Instance[];
  readonly #work = new AsyncLocalStorage<Work>();
  readonly #underWay = new Set<Promise<unknown>>();
  #ticks = 0;

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

  async create(at: number, fates: readonly Fate[] = []): Promise<ClientHistory | undefined> {
    const body = { name: "XSOAR", scopes: ["search:read"] };
    const answer = await this.#ask(at, { kind: "create", fates, handler: create, path: "", body });
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

  async regenerate(at: number, history: ClientHistory, fates: readonly Fate[] = []): Promise<Answer | undefined> {
    const { clientId } = history;
    const noted = history.sent({ kind: "regenerate" });
    const answer = await this.#ask(at, { kind: "regenerate", fates, handler: regenerate, clientId });
    if (!answer) return undefined;
    const { status, body } = answer;
    const told = { status, secret: body.client_secret, detail: body.detail };
    noted.answered(told);
    return told;
  }

  async disable(at: number, history: ClientHistory, fates: readonly Fate[] = []): Promise<void> {
    const { clientId } = history;
    const noted = history.sent({ kind: "disable" });
    const answer = await this.#ask(at, { kind: "disable", fates, handler: disable, clientId });
    if (answer) noted.answered(answer);
  }

  async token(
    at: number,
    history: ClientHistory,
    secret: string,
    fates: readonly Fate[] = [],
  ): Promise<number | undefined> {
    const { clientId } = history;
    const noted = history.sent({ kind: "token", secret });
    const answer = await this.#ask(at, { kind: "token", fates, handler: token, clientId, secret });
    if (answer) noted.answered(answer);
    return answer?.status;
  }

  /** Runs the sweep; returns its log lines. */
  async sweep(at: number, fates: readonly Fate[] = []): Promise<string[]> {
    const lines: string[] = [];
    await this.#do(at, { kind: "sweep", clientId: undefined, fates }, ({ services }) =>
      Promise.resolve(
        timerJob(sweep, 1_000, () => services, this.#instanceClock)({} as Timer, contextFor("sweep", lines)),
      ),
    );
    return lines;
  }

  async flush(at: number, fates: readonly Fate[] = []): Promise<void> {
    await this.#do(at, { kind: "flush", clientId: undefined, fates }, ({ services }) => services.usage.flush());
  }

  /** Begins something without waiting for it. */
  begin(work: Promise<unknown>): void {
    const done = work.finally(() => this.#underWay.delete(done));
    this.#underWay.add(done);
  }

  /** Waits until nothing is under way any more, late writes included. */
  async settle(): Promise<void> {
    while (this.#underWay.size > 0) await this.#turns.until(Promise.all(this.#underWay));
  }

  /** All that is wrong so far, seen from inside or from outside. */
  allViolations(): string[] {
    return [...this.violations, ...this.histories.flatMap((history) => history.violations())];
  }

  async #ask(
    at: number,
    request: {
      kind: string;
      fates: readonly Fate[];
      handler: typeof token;
      clientId?: string;
      path?: string;
      body?: object;
      secret?: string;
    },
  ): Promise<{ status: number; body: Record<string, string | undefined> } | undefined> {
    const { kind, fates, handler, clientId, secret, body } = request;
    return this.#do(at, { kind, clientId, fates }, async ({ services }) => {
      const http = secret === undefined ? adminRequest(clientId, body) : tokenRequest(clientId ?? "", secret);
      const endpoint: HttpHandler = (secret === undefined ? adminEndpoint : tokenEndpoint)(
        handler,
        () => services,
        this.#instanceClock,
      );
      const { status = 200, body: answer, headers } = await endpoint(http, contextFor(kind, []));
      if (status === 503 && !new Headers(headers as Record<string, string>).has("Retry-After")) {
        this.violations.push(`${kind} was answered with 503 without Retry-After`);
      }
      return { status, body: JSON.parse(String(answer)) as Record<string, string | undefined> };
    });
  }

  /** Runs something on an instance; `undefined` if that is gone before it ends. */
  async #do<T>(
    at: number,
    { kind, clientId, fates }: { kind: string; clientId: string | undefined; fates: readonly Fate[] },
    run: (instance: Instance) => Promise<T>,
  ): Promise<T | undefined> {
    const instance = this.#instances[at];
    if (!instance) throw new Error(`There is no instance ${at}.`);
    const work: Work = { kind, clientId, instance, fates: [...fates], deadlines: [], row: undefined };
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
    const context = (): Context => this.#work.getStore() ?? { kind: "", clientId: undefined, row: undefined };
    const carry = <T>(call: StoreCall, perform: () => Promise<T>) => this.#carry(call, perform);
    const plainTable = carriedTable(this.table, carry);
    const plainVault = carriedVault(this.vault, carry);
    const parts = { table: plainTable, vault: plainVault, retry, context };
    const table = { ...plainTable, ...mutant.table?.(parts) };
    const vault = { ...plainVault, ...mutant.vault?.(parts) };

    const readSecretPage = mutant.readPage?.(vault.readPage) ?? vault.readPage;
    const services = compose(CONFIG, { table, secretVault: vault, readSecretPage, signingVaults: [] }, clock);
    Object.assign(services.signer, SIGNER);
    // In place, since usage and sweep hold the same store.
    Object.assign(services.clients, mutant.clients?.({ ...services.clients }, parts));
    return {
      ...services,
      admins: { authenticate: async () => ({ id: "admin" }) },
      tokens: createIssuer({
        ...services,
        accessTokens: createTokenIssuer(CONFIG, SIGNER, clock),
        lastKnown: mutant.hints?.(parts),
      }),
    };
  }

  /** Carries a call to its store and the answer back, or what the fate of the call has in place of that. */
  async #carry<T>({ method, args }: StoreCall, perform: () => Promise<T>): Promise<T> {
    const work = this.#work.getStore();
    if (!work) throw new Error("A store was called by nobody.");
    const fate = work.fates.shift() ?? "ok";
    const label = `${work.kind} ${this.#instances.indexOf(work.instance)}: ${method} ${targetOf(args)} ${fate}`;
    await this.#turn(work, label);
    this.trace.push(label);
    switch (fate) {
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

  /** Waits for its turn, which never comes on an instance that is gone. */
  async #turn(work: Work, label: string): Promise<void> {
    await this.#turns.turn(label);
    if (work.instance.isGone) await NEVER;
  }
}

function isClientRow(result: unknown): result is Row {
  return typeof result === "object" && result !== null && "rowKey" in result && result.rowKey === "client";
}

/** What a call is about, for the trace. */
function targetOf([first, second]: readonly unknown[]): string {
  const { partitionKey, rowKey } = (first ?? {}) as Partial<Row>;
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

function contextFor(functionName: string, lines: string[]): InvocationContext {
  return new InvocationContext({ functionName, logHandler: (_level, ...args) => void lines.push(String(args[0])) });
}
