import Module, { createRequire } from "node:module";

// What `@azure/functions` needs of the module `@azure/functions-core`, which exists only inside a Functions worker.
// The names are those of Azure's worker (github.com/Azure/azure-functions-nodejs-worker) and its RPC messages.

/** Level of a log line of the worker. */
export type LogLevel = "trace" | "debug" | "information" | "warning" | "error" | "critical" | "none";

/** One value on the way between host and worker. */
export interface RpcTypedData {
  readonly string?: string;
  readonly json?: string;
  readonly bytes?: Uint8Array;
  readonly int?: number;
  readonly double?: number;
  readonly http?: RpcHttpData;
}

/** A request or response on the way between host and worker, when it is not streamed. */
export interface RpcHttpData {
  readonly method?: string;
  readonly url?: string;
  readonly headers?: Record<string, string>;
  readonly query?: Record<string, string>;
  readonly params?: Record<string, string>;
  readonly body?: RpcTypedData | null;
  readonly statusCode?: string;
  readonly cookies?: readonly RpcHttpCookie[];
}

/** A cookie of a response that is not streamed. */
export interface RpcHttpCookie {
  readonly name: string;
  readonly value: string;
}

/** A trigger or output of a function. */
export interface RpcBindingInfo {
  readonly type: string;
  readonly direction: "in" | "out";
  readonly route?: string;
  readonly methods?: readonly string[];
  readonly schedule?: string;
  readonly runOnStartup?: boolean;
}

/** A function as the app registered it. */
export interface RegisteredFunction {
  readonly name: string;
  readonly bindings: Readonly<Record<string, RpcBindingInfo>>;
  readonly callback: (...args: unknown[]) => unknown;
}

/** What the host sends to have a function run. */
export interface InvocationRequest {
  readonly invocationId: string;
  readonly inputData: readonly { readonly name: string; readonly data: RpcTypedData }[];
  readonly triggerMetadata: Readonly<Record<string, RpcTypedData>>;
}

/** What a run of a function came to. */
export interface Invocation {
  /** What the function returned. */
  readonly result: unknown;
  /** The library's conversion of it; empty when it was streamed. */
  readonly returnValue: RpcTypedData | null | undefined;
}

/** A loaded Functions app. */
export interface FunctionsApp {
  readonly functions: readonly RegisteredFunction[];
  /** Where the app takes streamed requests, if it does. */
  readonly httpUri: string | undefined;
  /** Runs a function with its hooks; rejects with what it threw. */
  invoke(registered: RegisteredFunction, request: InvocationRequest): Promise<Invocation>;
  /** Runs the hooks for the end of the app. */
  terminate(): Promise<void>;
}

/** Gets the log lines of the app, the library's own among them. */
export type AppLog = (level: LogLevel, message: string, functionName?: string) => void;

interface InvocationModel {
  getArguments(): Promise<{ context: unknown; inputs: unknown[] }>;
  invokeFunction(context: unknown, inputs: unknown[], callback: RegisteredFunction["callback"]): Promise<unknown>;
  getResponse(context: unknown, result: unknown): Promise<{ returnValue?: RpcTypedData | null }>;
}

interface ProgrammingModel {
  getInvocationModel(context: object): InvocationModel;
  getCapabilities(capabilities: Record<string, string>): Promise<Record<string, string>>;
}

type Hook = (context: object) => unknown;

const VERSION = "3.13.0";
const HOST_VERSION = "4.1046.100";

/** Loads a Functions app from its CommonJS bundle as Azure's Node worker does; throws what the bundle throws. A process runs one app at a time. */
export async function loadFunctionsApp(bundle: string, log: AppLog): Promise<FunctionsApp> {
  const functions: RegisteredFunction[] = [];
  const hooks = new Map<string, Set<Hook>>();
  const appHookData = {};
  const app: { model?: ProgrammingModel } = {};

  async function runHooks(name: string, context: object): Promise<void> {
    for (const hook of hooks.get(name) ?? []) await hook(context);
  }

  function logThroughHooks(
    level: LogLevel,
    category: string,
    message: string,
    functionName?: string,
    context?: unknown,
  ) {
    const line = { level, message, category, hookData: {}, invocationContext: context };
    for (const hook of hooks.get("log") ?? []) hook(line);
    log(line.level, line.message, functionName);
  }

  class Disposable {
    readonly #dispose: () => void;
    constructor(dispose: () => void) {
      this.#dispose = dispose;
    }
    dispose(): void {
      this.#dispose();
    }
  }

  provideCore({
    version: VERSION,
    hostVersion: HOST_VERSION,
    Disposable,
    log: (level: LogLevel, category: string, message: string) => logThroughHooks(level, category, message),
    setProgrammingModel: (set: ProgrammingModel) => {
      app.model = set;
    },
    getProgrammingModel: () => app.model,
    registerFunction: (metadata: Omit<RegisteredFunction, "callback">, callback: RegisteredFunction["callback"]) => {
      const registered = { name: metadata.name, bindings: metadata.bindings, callback };
      functions.push(registered);
      return new Disposable(() => functions.splice(functions.indexOf(registered), 1));
    },
    registerHook: (name: string, hook: Hook) => {
      const registered = hooks.get(name) ?? new Set();
      hooks.set(name, registered.add(hook));
      return new Disposable(() => registered.delete(hook));
    },
  });
  const require = createRequire(bundle);
  delete require.cache[require.resolve(bundle)];
  require(bundle);
  const { model } = app;
  if (!model) throw new Error("The app registers no function.");
  await runHooks("appStart", { hookData: {}, appHookData });
  const { HttpUri: httpUri } = await model.getCapabilities({ RawHttpBodyBytes: "true", RpcHttpBodyOnly: "true" });

  const invoke: FunctionsApp["invoke"] = async (registered, request) => {
    const core = {
      invocationId: request.invocationId,
      request,
      metadata: registered,
      state: undefined as string | undefined,
      log: (level: LogLevel, category: string, message: string) =>
        logThroughHooks(level, category, message, registered.name, invocationContext),
    };
    let invocationContext: unknown;
    const invocation = model.getInvocationModel(core);
    const { context, inputs } = await invocation.getArguments();
    invocationContext = context;
    const shared = { hookData: {}, appHookData, invocationContext: context };

    const before = { ...shared, inputs, functionCallback: registered.callback };
    core.state = "preInvocationHooks";
    await runHooks("preInvocation", before);

    const after = { ...shared, inputs: before.inputs, result: null as unknown, error: null as unknown };
    core.state = "invocation";
    try {
      after.result = await invocation.invokeFunction(context, before.inputs, before.functionCallback);
    } catch (error) {
      after.error = error;
    }
    core.state = "postInvocationHooks";
    await runHooks("postInvocation", after);
    core.state = undefined;
    if (after.error !== null) throw after.error;
    const { returnValue } = await invocation.getResponse(context, after.result);
    return { result: after.result, returnValue };
  };

  return { functions, httpUri, invoke, terminate: () => runHooks("appTerminate", { hookData: {}, appHookData }) };
}

let provided: object | undefined;

/** Makes `require("@azure/functions-core")` return the core, the way Azure's worker does it. */
function provideCore(core: object): void {
  if (!provided) {
    Module.prototype.require = new Proxy(Module.prototype.require, {
      apply: (target, thisArg, args: [string]) =>
        args[0] === "@azure/functions-core" ? provided : Reflect.apply(target, thisArg, args),
    });
  }
  provided = core;
}
