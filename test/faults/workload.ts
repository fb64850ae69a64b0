import { setTimeout as sleep } from "node:timers/promises";
import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyGetKey, jwtVerify } from "jose";
import { z } from "zod";
import { ClientHistory, isRefusedByAzure } from "./register.ts";

/** Number of token callers: enough to overlap at any step, few enough for two cores. */
const TOKEN_CALLERS = 8;
const ADMINISTRATORS = 3;
const CLIENTS = 6;
/** A client is checked and replaced after so many requests, since an unknown outcome stays open during the use of its client. */
const REQUESTS_PER_CLIENT = 60;
const ANSWER_TIMEOUT_MS = 30_000;
const TRIES_AT_THE_END = 20;

const bodySchema = z.object({
  client_id: z.string().optional(),
  client_secret: z.string().optional(),
  access_token: z.string().optional(),
  detail: z.string().optional(),
});
type Body = z.output<typeof bodySchema>;

/** The answers to callers and administrators. */
export interface WorkloadReport {
  readonly requests: number;
  /** Number of answers by operation and status, as in `token 200`; `none` for a broken connection. */
  readonly answers: Readonly<Record<string, number>>;
  /** Violations of the guarantees, one sentence each. */
  readonly violations: readonly string[];
}

interface WorkloadOptions {
  /** The URLs of the running instances, which may change. */
  urls(): readonly string[];
  /** The keys that every token must verify with. */
  readonly keys: JSONWebKeySet;
  adminToken(): string;
  random(): number;
  /** Whether the workload continues. */
  goesOn(): boolean;
}

/**
 * Runs concurrent callers and administrators on all instances. Callers request tokens with current and earlier secrets;
 * administrators create, regenerate, disable, get and list. The answers about each client are checked for linearizability.
 */
export async function runWorkload(options: WorkloadOptions): Promise<WorkloadReport> {
  const workload = new Workload(options);
  await workload.run();
  return workload.report();
}

class Workload {
  readonly #options: WorkloadOptions;
  readonly #answers = new Map<string, number>();
  readonly #violations: string[] = [];
  readonly #clients: ClientHistory[] = [];
  readonly #disabled = new Set<ClientHistory>();
  readonly #keyOf: JWTVerifyGetKey;
  #ticks = 0;

  constructor(options: WorkloadOptions) {
    this.#options = options;
    this.#keyOf = createLocalJWKSet(options.keys);
  }

  async run(): Promise<void> {
    while (this.#clients.length < CLIENTS) await this.#create();
    await Promise.all([
      ...Array.from({ length: TOKEN_CALLERS }, () => this.#repeat(() => this.#token())),
      ...Array.from({ length: ADMINISTRATORS }, () => this.#repeat(() => this.#administer())),
    ]);
    await Promise.all(this.#clients.map((client) => this.#retire(client)));
  }

  report(): WorkloadReport {
    const requests = [...this.#answers.values()].reduce((sum, count) => sum + count, 0);
    return { requests, answers: Object.fromEntries([...this.#answers].sort()), violations: this.#violations };
  }

  async #repeat(work: () => Promise<void>): Promise<void> {
    while (this.#options.goesOn()) await work();
  }

  /** Requests a token, mostly with the newest secret, else with an older one or one of another client. */
  async #token(): Promise<void> {
    const client = this.#pick(this.#clients);
    const secrets = this.#options.random() < 0.7 ? client.secrets.slice(-1) : client.secrets;
    const stranger = this.#pick(this.#pick(this.#clients).secrets);
    await this.#tokenWith(client, this.#options.random() < 0.05 ? stranger : this.#pick(secrets));
  }

  async #administer(): Promise<void> {
    const dice = this.#options.random();
    const client = this.#pick(this.#clients);
    if (this.#clients.length < CLIENTS) await this.#create();
    if (client.size > REQUESTS_PER_CLIENT || this.#disabled.has(client)) await this.#replace(client);
    else if (dice < 0.6) await this.#regenerate(client);
    else if (dice < 0.75) await Promise.all([this.#regenerate(client), this.#regenerate(client)]);
    else if (dice < 0.8) await Promise.all([this.#regenerate(client), this.#disable(client)]);
    else if (dice < 0.93) await this.#look(client);
    else await this.#list();
  }

  async #tokenWith(client: ClientHistory, secret: string): Promise<number | undefined> {
    const { clientId } = client;
    const noted = client.sent({ kind: "token", secret });
    const form = { grant_type: "client_credentials", client_id: clientId, client_secret: secret };
    const answer = await this.#ask("token", "/oauth/token", { method: "POST", body: new URLSearchParams(form) });
    if (!answer) return undefined;
    noted.answered(answer);
    if (answer.status === 200) await this.#verify(clientId, answer.body.access_token ?? "");
    return answer.status;
  }

  async #regenerate(client: ClientHistory): Promise<void> {
    const noted = client.sent({ kind: "regenerate" });
    const answer = await this.#askAdmin("regenerate", "POST", `/${client.clientId}/regenerate-secret`);
    if (!answer) return;
    const { status, body } = answer;
    noted.answered({ status, secret: body.client_secret, detail: body.detail });
  }

  async #disable(client: ClientHistory): Promise<void> {
    const noted = client.sent({ kind: "disable" });
    const answer = await this.#askAdmin("disable", "DELETE", `/${client.clientId}`);
    if (answer) noted.answered({ status: answer.status, detail: answer.body.detail });
    if (answer?.status === 200) this.#disabled.add(client);
  }

  async #look(client: ClientHistory): Promise<void> {
    const answer = await this.#askAdmin("get", "GET", `/${client.clientId}`);
    if (answer && answer.status !== 200 && answer.status !== 503) this.#wrong(`get was answered with ${answer.status}`);
  }

  async #list(): Promise<void> {
    const answer = await this.#askAdmin("list", "GET", "?limit=10");
    if (answer && answer.status !== 200 && answer.status !== 503)
      this.#wrong(`list was answered with ${answer.status}`);
  }

  async #create(): Promise<void> {
    const body = JSON.stringify({ name: "Workload", scopes: ["search:read"] });
    const answer = await this.#askAdmin("create", "POST", "", body);
    if (!answer || answer.status === 503) return;
    const { client_id: clientId, client_secret: secret } = answer.body;
    if (answer.status !== 201 || !clientId || !secret) this.#wrong(`create was answered with ${answer.status}`);
    else this.#clients.push(new ClientHistory(clientId, secret, () => ++this.#ticks));
  }

  /** Removes a client from the workload, so that its history ends. Half of the clients always stay. */
  async #replace(client: ClientHistory): Promise<void> {
    if (!this.#clients.includes(client) || this.#clients.length <= CLIENTS / 2) return;
    this.#clients.splice(this.#clients.indexOf(client), 1);
    await this.#retire(client);
  }

  /** Tries every secret until it is answered with 200 or 401, then checks the history. */
  async #retire(client: ClientHistory): Promise<void> {
    for (const secret of [...client.secrets]) {
      for (let tries = 0; tries < TRIES_AT_THE_END; tries++) {
        const status = await this.#tokenWith(client, secret);
        if (status === 200 || status === 401) break;
        await sleep(100);
      }
    }
    this.#violations.push(...client.violations());
  }

  async #verify(clientId: string, accessToken: string): Promise<void> {
    try {
      const { payload } = await jwtVerify(accessToken, this.#keyOf);
      if (payload.sub !== clientId) this.#wrong(`${clientId} got the token of another client`);
    } catch (error) {
      this.#wrong(`${clientId} got a token that does not verify: ${error}`);
    }
  }

  #askAdmin(operation: string, method: string, path: string, body?: string) {
    const headers = { Authorization: `Bearer ${this.#options.adminToken()}`, "Content-Type": "application/json" };
    return this.#ask(operation, `/api/admin/api-clients${path}`, { method, headers, ...(body && { body }) });
  }

  /** Sends a request to a random instance. Returns `undefined` if the connection broke. */
  async #ask(operation: string, path: string, init: RequestInit): Promise<{ status: number; body: Body } | undefined> {
    let told = "none";
    try {
      const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
      const response = await fetch(this.#url() + path, { ...init, signal });
      const { status, headers } = response;
      const body = bodySchema.parse(await response.json());
      told = String(status);
      if (status === 503 && headers.has("retry-after") === isRefusedByAzure({ status, ...body }))
        this.#wrong(`${operation}: 503 with Retry-After for a refusal, or without it for a failure`);
      return { status, body };
    } catch (error) {
      if (!(error instanceof TypeError)) this.#wrong(`${operation}: ${error}`);
      return undefined;
    } finally {
      const key = `${operation} ${told}`;
      this.#answers.set(key, (this.#answers.get(key) ?? 0) + 1);
    }
  }

  #wrong(what: string): void {
    this.#violations.push(what);
  }

  #url(): string {
    return this.#pick(this.#options.urls());
  }

  #pick<T>(items: readonly T[]): T {
    const item = items[Math.floor(this.#options.random() * items.length)];
    if (item === undefined) throw new Error("there is nothing to pick from");
    return item;
  }
}
