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
// The index of undici loads `fetch`, caches, WebSockets and mocks as well, which doubles the size and is not used.
import Agent from "undici/lib/dispatcher/agent.js";
import { AZURE_KEEP_ALIVE_MS } from "../request/time-limits.ts";

// The transport of the Azure SDKs. Their default pipeline streams, decompresses, follows redirects, uses proxies, traces, logs and retries.
// The service needs none of it, and a pipeline without it saves a third of the CPU time of a token.

/** The policies that a call to the tables needs. */
const TABLE_POLICIES = new Set(["serializationPolicy", "deserializationPolicy", "bearerTokenAuthenticationPolicy"]);

/** Removes all other policies from the pipeline of a table client. */
export function stripTablePipeline(pipeline: Pipeline): void {
  for (const { name } of pipeline.getOrderedPolicies()) if (!TABLE_POLICIES.has(name)) pipeline.removePolicy({ name });
}

/**
 * Returns the options of a Key Vault client for this transport and an empty pipeline, to which the client adds its authentication. The
 * option `pipeline` is one of `@azure-rest/core-client`, to which the client passes all its options.
 */
export function vaultHttp(): { httpClient: HttpClient; pipeline: Pipeline } {
  return { httpClient: azureHttpClient, pipeline: createEmptyPipeline() };
}

const agent = new Agent({ keepAliveTimeout: AZURE_KEEP_ALIVE_MS });

/** Sends the requests of the Azure SDKs over keep-alive connections that all clients share, and returns whole bodies as text. */
export const azureHttpClient: HttpClient = {
  sendRequest: (request) => new Promise((resolve, reject) => new Call(request, resolve, reject).send()),
};

/** Converts an answer with an error status to the error that the SDKs throw. */
export function restError(response: PipelineResponse): RestError {
  const { status: statusCode, request } = response;
  return new RestError(`status ${statusCode}`, { statusCode, request, response });
}

/** One call to Azure, as a handler of undici. */
class Call implements Dispatcher.DispatchHandler {
  readonly #request: PipelineRequest;
  readonly #resolve: (response: PipelineResponse) => void;
  readonly #reject: (error: Error) => void;
  /** `undefined` while the request waits for a connection. */
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
      this.#onAbort();
      return;
    }
    abortSignal?.addEventListener("abort", this.#onAbort);
    const { origin, pathname, search } = new URL(url);
    const headers: string[] = [];
    for (const [name, value] of this.#request.headers) headers.push(name, value);
    agent.dispatch({ origin, path: pathname + search, method, headers, body: body ?? null }, this);
  }

  readonly #onAbort = () => {
    const error = new RestError("given up", { code: "ETIMEDOUT", request: this.#request });
    this.#controller?.abort(error);
    this.#reject(error);
  };

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#request.abortSignal?.aborted) this.#onAbort();
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
    // The clients of Key Vault throw a TypeError for an error without a body, and status and Retry-After would be lost.
    const bodyAsText = this.#answer.status >= 400 && !text.trim() ? "{}" : text;
    this.#resolve({ request: this.#request, ...this.#answer, bodyAsText });
  }

  onResponseError(_: Dispatcher.DispatchController, error: NodeJS.ErrnoException): void {
    this.#stopListening();
    const code = error.code ?? RestError.REQUEST_SEND_ERROR;
    this.#reject(new RestError(error.message, { code, request: this.#request }));
  }

  #stopListening(): void {
    this.#request.abortSignal?.removeEventListener("abort", this.#onAbort);
  }
}

/** The headers of an answer, over the object of Node: a copy would cost CPU time. */
class AnswerHeaders implements HttpHeaders {
  readonly #headers: Record<string, string>;

  constructor(headers: IncomingHttpHeaders) {
    // Only `set-cookie` is an array, and Azure sends none.
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
