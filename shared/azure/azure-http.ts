import type { IncomingHttpHeaders } from "node:http";
import {
  createEmptyPipeline,
  type HttpClient,
  type HttpHeaders,
  type Pipeline,
  type PipelineRequest,
  type PipelineResponse,
  RestError,
} from "@azure/core-rest-pipeline";
import type { Dispatcher } from "undici";
// Its index would bring `fetch`, caches, WebSockets and mocks along: as much again to load, and none of it is used.
import Agent from "undici/lib/dispatcher/agent.js";
import { AZURE_KEEP_ALIVE_MS } from "../request/time-limits.ts";

// How the clients of the Azure SDKs send. As they come, they can stream, decompress, follow redirects, use proxies, trace, log and
// retry; nothing of that is wanted here, and leaving it out saves a third of the CPU time of a token.

/** What a call to the tables has to pass. */
const TABLE_POLICIES = new Set(["serializationPolicy", "deserializationPolicy", "bearerTokenAuthenticationPolicy"]);

/** Leaves in the pipeline of a table client what its calls need. */
export function stripTablePipeline(pipeline: Pipeline): void {
  for (const { name } of pipeline.getOrderedPolicies()) if (!TABLE_POLICIES.has(name)) pipeline.removePolicy({ name });
}

/**
 * Options for a client of Key Vault: its pipeline has only what the client itself puts in, which is its authentication. The option is
 * one of `@azure-rest/core-client`, to which the clients pass all that they get.
 */
export function vaultHttp(): { httpClient: HttpClient; pipeline: Pipeline } {
  return { httpClient: azureHttpClient, pipeline: createEmptyPipeline() };
}

const agent = new Agent({ keepAliveTimeout: AZURE_KEEP_ALIVE_MS });

/** Sends requests of the Azure SDKs over kept connections that all clients share, and hands back whole answers as text. */
export const azureHttpClient: HttpClient = {
  sendRequest: (request) => new Promise((resolve, reject) => new Call(request, resolve, reject).send()),
};

/** An answer of an error status, as the clients throw it. */
export function restError(response: PipelineResponse): RestError {
  const { status: statusCode, request } = response;
  return new RestError(`status ${statusCode}`, { statusCode, request, response });
}

/** One call to Azure: undici tells it what comes back. */
class Call implements Dispatcher.DispatchHandler {
  readonly #request: PipelineRequest;
  readonly #resolve: (response: PipelineResponse) => void;
  readonly #reject: (error: Error) => void;
  /** There is none as long as the request waits for a connection. */
  #controller: Dispatcher.DispatchController | undefined;
  #answer: Pick<PipelineResponse, "status" | "headers"> | undefined;
  readonly #chunks: Buffer[] = [];

  constructor(request: PipelineRequest, resolve: (response: PipelineResponse) => void, reject: (error: Error) => void) {
    this.#request = request;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  send(): void {
    const { method, url, body, abortSignal } = this.#request;
    if (body && typeof body !== "string") throw new TypeError("Only text is sent to Azure.");
    if (abortSignal?.aborted) {
      this.#giveUp();
      return;
    }
    abortSignal?.addEventListener("abort", this.#giveUp);
    const { origin, pathname, search } = new URL(url);
    const headers: string[] = [];
    for (const [name, value] of this.#request.headers) headers.push(name, value);
    agent.dispatch({ origin, path: pathname + search, method, headers, body: body ?? null }, this);
  }

  readonly #giveUp = () => {
    const error = new RestError("given up", { code: "ETIMEDOUT", request: this.#request });
    this.#controller?.abort(error);
    this.#reject(error);
  };

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#request.abortSignal?.aborted) this.#giveUp();
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    this.#answer = { status, headers: new AnswerHeaders(headers) };
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    this.#stopListening();
    if (!this.#answer) throw new Error("undici ended an answer that it had not begun.");
    const text = Buffer.concat(this.#chunks).toString();
    // The clients of Key Vault look into the body of every error and throw a TypeError where there is none: status and Retry-After
    // would be lost with it.
    const bodyAsText = this.#answer.status >= 400 && !text.trim() ? "{}" : text;
    this.#resolve({ request: this.#request, ...this.#answer, bodyAsText });
  }

  onResponseError(_: Dispatcher.DispatchController, error: NodeJS.ErrnoException): void {
    this.#stopListening();
    const code = error.code ?? RestError.REQUEST_SEND_ERROR;
    this.#reject(new RestError(error.message, { code, request: this.#request }));
  }

  #stopListening(): void {
    this.#request.abortSignal?.removeEventListener("abort", this.#giveUp);
  }
}

/** The headers of an answer, in the object that Node made of them anyway. */
class AnswerHeaders implements HttpHeaders {
  readonly #headers: Record<string, string>;

  constructor(headers: IncomingHttpHeaders) {
    // Only `set-cookie` would be an array, and there is no such thing on Azure.
    this.#headers = headers as Record<string, string>;
  }

  get(name: string): string | undefined {
    return this.#headers[name.toLowerCase()];
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  set(name: string, value: string | number | boolean): void {
    this.#headers[name.toLowerCase()] = String(value);
  }

  delete(name: string): void {
    delete this.#headers[name.toLowerCase()];
  }

  toJSON(): Record<string, string> {
    return this.#headers;
  }

  [Symbol.iterator](): Iterator<[string, string]> {
    return Object.entries(this.#headers)[Symbol.iterator]();
  }
}
