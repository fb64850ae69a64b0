import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type HttpResponse, withRequestId } from "../http/response.ts";
import { type Clock, systemClock } from "../request/clock.ts";
import { type LogSink, logLine } from "../request/log.ts";
import {
  FORWARDED_REQUEST_MAX_WAIT_MS,
  UNFORWARDABLE_REQUEST_MAX_WAIT_MS,
  WORKER_KEEP_ALIVE_MS,
} from "../request/time-limits.ts";
import { forwardedIds, isForwardable, readBindingData, type TriggerMetadata, toHttpRequest } from "./binding-data.ts";
import { Exchange } from "./exchange.ts";

// The HTTP server of the Functions worker. The host announces an invocation over gRPC and forwards its HTTP request to a server in the worker
// (capability `HttpUri`); an id in a header relates the two. `@azure/functions` has such a server. This one replaces it because of four
// defects (docs/operations.md): an unread body blocks the next request on its connection; an invocation whose request never arrives waits
// for ever; the limits of Node refuse headers that the host accepts; and headers and route parameters come from binding data, in which a
// member of a JSON body can replace them. Registration, hooks and the invocation context remain those of the library.
// The protocol: DefaultHttpProxyService.cs and GrpcWorkerChannel.cs in azure-functions-host, httpProxy.ts in azure-functions-nodejs-library.

/** Above the limit of the host (32 KB), so that every forwarded request arrives. */
const MAX_HEADER_BYTES = 64 * 1024;

const SERVER_ERROR: HttpResponse = { status: 500, headers: {}, body: "" };

/** The part of the worker API (`@azure/functions-core`) that sets the handler of invocations. */
export interface FunctionsCore {
  getProgrammingModel(): ProgrammingModel | undefined;
  setProgrammingModel(model: ProgrammingModel): void;
}

/** The handler of invocations in the worker. */
interface ProgrammingModel {
  readonly name: string;
  readonly version: string;
  getCapabilities(capabilities: Record<string, string>): Promise<Record<string, string>>;
  getInvocationModel(invocation: Invocation): InvocationModel;
}

/** One run of a function, in the steps of the worker. */
interface InvocationModel {
  getArguments(): Promise<{ context: LogSink; inputs: unknown[] }>;
  invokeFunction(context: LogSink, inputs: unknown[], callback: unknown): Promise<unknown>;
  getResponse(context: LogSink, result: unknown): Promise<unknown>;
}

/** The announcement of a run by the host. */
interface Invocation {
  readonly invocationId: string;
  request: { readonly triggerMetadata?: TriggerMetadata | null; readonly inputData?: unknown };
  readonly metadata: { readonly bindings?: Readonly<Record<string, { type?: string; route?: string }>> };
}

/**
 * Serves functions with an HTTP trigger in place of the server of the library.
 *
 * @throws Error if `@azure/functions` has not registered itself: the app must not start without its functions.
 */
export function serveForwardedRequests(core: FunctionsCore, clock: Clock = systemClock): void {
  const library = core.getProgrammingModel();
  if (library?.name !== "@azure/functions")
    throw new Error("Functions must be registered with @azure/functions first.");
  const forwarded = new ForwardedRequests(clock);
  core.setProgrammingModel({
    name: library.name,
    version: library.version,
    getCapabilities: async (capabilities) => ({
      ...(await library.getCapabilities(capabilities)),
      HttpUri: await forwarded.listen(),
    }),
    getInvocationModel: (invocation) => {
      const trigger = Object.values(invocation.metadata.bindings ?? {}).find(({ type }) => type === "httpTrigger");
      if (!trigger) return library.getInvocationModel(invocation);
      return httpInvocation({ library, forwarded, clock }, invocation, trigger.route ?? "");
    },
  });
}

/** Creates the run of a function on its forwarded request. */
function httpInvocation(
  { library, forwarded, clock }: { library: ProgrammingModel; forwarded: ForwardedRequests; clock: Clock },
  invocation: Invocation,
  route: string,
): InvocationModel {
  const { invocationId, request } = invocation;
  const bindingData = readBindingData(request.triggerMetadata ?? {});
  // Without input data the library creates the context and no request.
  invocation.request = { ...request, inputData: [] };
  const model = library.getInvocationModel(invocation);
  let exchange: Exchange | undefined;
  return {
    getArguments: async () => {
      const { context } = await model.getArguments();
      try {
        const maxWaitMs = isForwardable(bindingData)
          ? FORWARDED_REQUEST_MAX_WAIT_MS
          : UNFORWARDABLE_REQUEST_MAX_WAIT_MS;
        exchange = await forwarded.take(forwardedIds(invocationId, bindingData), maxWaitMs);
        return { context, inputs: [toHttpRequest(exchange.request, route, bindingData)] };
      } catch (error) {
        const reason = error instanceof Error ? error.message : undefined;
        logLine(context, "error", clock.now(), {
          request_id: invocationId,
          event: "forward",
          outcome: "failed",
          reason,
        });
        throw error;
      }
    },
    invokeFunction: async (context, inputs, callback) => {
      try {
        return await model.invokeFunction(context, inputs, callback);
      } catch (error) {
        exchange?.answer(withRequestId(SERVER_ERROR, invocationId));
        throw error;
      }
    },
    getResponse: async (context, result) => {
      exchange?.answer(isHttpResponse(result) ? result : withRequestId(SERVER_ERROR, invocationId));
      return model.getResponse(context, undefined);
    },
  };
}

function isHttpResponse(result: unknown): result is HttpResponse {
  return typeof result === "object" && result !== null && "status" in result && "headers" in result && "body" in result;
}

/** Matches forwarded requests with announced invocations, which arrive in either order. */
class ForwardedRequests {
  readonly #arrived = new Waiting<() => Exchange>();
  readonly #awaited = new Waiting<(exchange: Exchange) => void>();
  readonly #clock: Clock;
  readonly #server = createServer({ maxHeaderSize: MAX_HEADER_BYTES, keepAliveTimeout: WORKER_KEEP_ALIVE_MS })
    .on("request", (request, response) => this.#arrive(new Exchange(request, response, this.#clock)))
    // Without this handler Node refuses an unknown expectation with 417, and the invocation waits.
    .on("checkExpectation", (request, response) => this.#arrive(new Exchange(request, response, this.#clock)));

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Listens on loopback and returns the address for the host. */
  async listen(): Promise<string> {
    if (!this.#server.listening) await once(this.#server.listen(0, "127.0.0.1"), "listening");
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  /**
   * Takes the request with one of the ids, or waits for it.
   *
   * @throws Error if none arrives in time: the host could not forward it.
   */
  async take(ids: readonly string[], maxWaitMs: number): Promise<Exchange> {
    for (const id of ids) {
      const exchange = this.#arrived.first(id)?.();
      if (exchange) return exchange;
    }
    const { promise, resolve, reject } = Promise.withResolvers<Exchange>();
    const end = () => {
      cancel();
      for (const id of ids) this.#awaited.delete(id, receive);
    };
    const cancel = this.#clock.after(maxWaitMs, () => {
      end();
      reject(new Error(`The host did not forward the request within ${maxWaitMs / 1000} s.`));
    });
    const receive = (exchange: Exchange) => {
      end();
      resolve(exchange);
    };
    for (const id of ids) this.#awaited.add(id, receive);
    return promise;
  }

  #arrive(exchange: Exchange): void {
    const id = exchange.invocationId;
    const receive = this.#awaited.first(id);
    if (receive) {
      receive(exchange);
      return;
    }
    const end = () => {
      cancel();
      this.#arrived.delete(id, handOver);
    };
    const cancel = this.#clock.after(FORWARDED_REQUEST_MAX_WAIT_MS, () => {
      end();
      exchange.answer(SERVER_ERROR);
    });
    const handOver = () => {
      end();
      return exchange;
    };
    this.#arrived.add(id, handOver);
  }
}

/** Waiting items by id, oldest first. An id has several if callers send ids of their own. */
class Waiting<T> {
  readonly #byId = new Map<string, Set<T>>();

  add(id: string, item: T): void {
    this.#byId.set(id, (this.#byId.get(id) ?? new Set()).add(item));
  }

  first(id: string): T | undefined {
    const [item] = this.#byId.get(id) ?? [];
    return item;
  }

  delete(id: string, item: T): void {
    const items = this.#byId.get(id);
    items?.delete(item);
    if (items?.size === 0) this.#byId.delete(id);
  }
}
