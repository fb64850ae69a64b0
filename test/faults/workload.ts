import { setTimeout as sleep } from "node:timers/promises";
import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyGetKey, jwtVerify } from "jose";
import { z } from "zod";
import { ClientHistory } from "./register.ts";

/** Enough concurrent requests to overlap at any step, few enough for two cores. */
const TOKEN_CALLERS = 8;
const ADMINISTRATORS = 3;
const CLIENTS = 6;
/** A client is looked at and replaced after so many requests: an unknown outcome stays open for as long as its client is used. */
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

/** What callers and administrators went through. */
export interface StormReport {
  readonly requests: number;
  /** How often each operation was answered with each status, as `token 200`; `none` where the connection broke. */
  readonly answers: Readonly<Record<string, number>>;
  /** What no caller may ever see, one sentence each. */
  readonly violations: readonly string[];
}

interface StormOptions {
  /** The instances as they are now; they may come and go. */
  urls(): readonly string[];
  /** What every token has to verify with. */
  readonly keys: JSONWebKeySet;
  adminToken(): string;
  random(): number;
  /** Whether to go on. */
  goesOn(): boolean;
}

/**
 * Lets callers ask for tokens with every secret there ever was, and administrators create, regenerate, disable, look and list, all
 * at once and on all instances, and checks what they are told, client by client, against the register that each client is.
 */
export async function runStorm(options: StormOptions): Promise<StormReport> {
  const storm = new Storm(options);
  await storm.run();
  return storm.report();
}

class Storm {
  readonly #options: StormOptions;
  readonly #answers = new Map<string, number>();
  readonly #violations: string[] = [];
  readonly #clients: ClientHistory[] = [];
  readonly #disabled = new Set<ClientHistory>();
  readonly #keyOf: JWTVerifyGetKey;
  #ticks = 0;

  constructor(options: StormOptions) {
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

  report(): StormReport {
    const requests = [...this.#answers.values()].reduce((sum, count) => sum + count, 0);
    return { requests, answers: Object.fromEntries([...this.#answers].sort()), violations: this.#violations };
  }

  async #repeat(work: () => Promise<void>): Promise<void> {
    while (this.#options.goesOn()) await work();
  }

  /** A caller presents the newest secret most of the time, an older one or one of another client otherwise. */
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
    if (answer) noted.answered(answer);
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
    const body = JSON.stringify({ name: "Storm", scopes: ["search:read"] });
    const answer = await this.#askAdmin("create", "POST", "", body);
    if (!answer || answer.status === 503) return;
    const { client_id: clientId, client_secret: secret } = answer.body;
    if (answer.status !== 201 || !clientId || !secret) this.#wrong(`create was answered with ${answer.status}`);
    else this.#clients.push(new ClientHistory(clientId, secret, () => ++this.#ticks));
  }

  /** Takes a client out of the storm, so that its history comes to an end; a few always stay. */
  async #replace(client: ClientHistory): Promise<void> {
    if (!this.#clients.includes(client) || this.#clients.length <= CLIENTS / 2) return;
    this.#clients.splice(this.#clients.indexOf(client), 1);
    await this.#retire(client);
  }

  /** Tries every secret once more, until each has an answer that says something, and judges the history. */
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

  /** Sends a request to any instance; `undefined` where the connection broke. */
  async #ask(operation: string, path: string, init: RequestInit): Promise<{ status: number; body: Body } | undefined> {
    let told = "none";
    try {
      const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
      const response = await fetch(this.#url() + path, { ...init, signal });
      const { status, headers } = response;
      const body = bodySchema.parse(await response.json());
      told = String(status);
      if (status === 503 && !headers.has("retry-after")) this.#wrong(`${operation}: 503 without Retry-After`);
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
