import Module, { createRequire } from "node:module";
import type { InvocationRequest, LogLevel, ProgrammingModel, RegisteredFunction } from "./functions-messages.ts";

// The part of Azure's Node worker that loads an app, in the process of the host. An app can read the versions.
const VERSION = "3.13.0";
const HOST_VERSION = "4.1046.100";

/** A loaded Functions app. */
export interface FunctionsApp {
  readonly functions: readonly RegisteredFunction[];
  /** The address of the app's HTTP server, which receives forwarded requests. */
  readonly httpUri: string;
  /** Runs a function with its hooks, and rejects with the error that it threw. `onLog` also gets the log lines of this invocation. */
  invoke(registered: RegisteredFunction, request: InvocationRequest, onLog?: InvocationLog): Promise<void>;
  /** Runs the app's terminate hooks. */
  terminate(): Promise<void>;
}

/** Receives the log lines of one invocation. */
export type InvocationLog = (level: LogLevel, message: string) => void;

/** Receives the log lines of an app, and those of the library, which have no function name. */
export type AppLog = (level: LogLevel, message: string, functionName?: string) => void;

/**
 * Loads a Functions app from its CommonJS bundle, as Azure's Node worker does. A process runs one app at a time.
 *
 * @throws the error of a bundle that fails to load, and an error when the app does not receive forwarded requests.
 */
export async function loadFunctionsApp(bundle: string, log: AppLog): Promise<FunctionsApp> {
  const functions: RegisteredFunction[] = [];
  const hooks = createHooks();
  const registered: { model?: ProgrammingModel } = {};

  const write = (
    level: LogLevel,
    category: string,
    message: string,
    invocation?: { name: string; context: unknown; onLog: InvocationLog | undefined },
  ) => {
    const line = { level, category, message, hookData: {}, invocationContext: invocation?.context };
    hooks.runNow("log", line);
    log(line.level, line.message, invocation?.name);
    invocation?.onLog?.(line.level, line.message);
  };
  provideCore({
    version: VERSION,
    hostVersion: HOST_VERSION,
    Disposable,
    log: write,
    registerHook: hooks.register,
    registerFunction: (metadata: Omit<RegisteredFunction, "callback">, callback: RegisteredFunction["callback"]) => {
      functions.push({ ...metadata, callback });
      return new Disposable(() => {});
    },
    setProgrammingModel: (model: ProgrammingModel) => {
      registered.model = model;
    },
    getProgrammingModel: () => registered.model,
  });

  const require = createRequire(bundle);
  delete require.cache[require.resolve(bundle)];
  require(bundle);
  if (!registered.model) throw new Error("The app registers no function.");
  const appHookData = {};
  await hooks.run("appStart", { hookData: {}, appHookData });
  const { HttpUri: httpUri } = await registered.model.getCapabilities({});
  if (!httpUri) throw new Error("The app does not stream: it must call app.setup({ enableHttpStream: true }).");

  return {
    functions,
    httpUri,
    terminate: () => hooks.run("appTerminate", { hookData: {}, appHookData }),
    invoke: async ({ name, bindings, callback }, request, onLog) => {
      const invocation = { name, context: undefined as unknown, onLog };
      const core = {
        invocationId: request.invocationId,
        request,
        metadata: { name, bindings },
        state: undefined as string | undefined,
        log: (level: LogLevel, category: string, message: string) => write(level, category, message, invocation),
      };
      const { model } = registered;
      if (!model) throw new Error("The app has no programming model.");
      const run = await model.getInvocationModel(core);
      const { context, inputs } = await run.getArguments();
      invocation.context = context;
      const shared = { hookData: {}, appHookData, invocationContext: context };

      core.state = "preInvocationHooks";
      const before = { ...shared, inputs, functionCallback: callback };
      await hooks.run("preInvocation", before);

      core.state = "invocation";
      const after = { ...shared, inputs: before.inputs, result: null as unknown, error: null as unknown };
      try {
        after.result = await run.invokeFunction(context, before.inputs, before.functionCallback);
      } catch (error) {
        after.error = error;
      }
      core.state = "postInvocationHooks";
      await hooks.run("postInvocation", after);
      core.state = undefined;

      if (after.error instanceof Error) throw after.error;
      await run.getResponse(context, after.result);
    },
  };
}

type Hook = (context: object) => unknown;

function createHooks() {
  const hooks = new Map<string, Set<Hook>>();
  return {
    register: (name: string, hook: Hook) => {
      const registered = hooks.get(name) ?? new Set();
      hooks.set(name, registered.add(hook));
      return new Disposable(() => registered.delete(hook));
    },
    run: async (name: string, context: object) => {
      for (const hook of hooks.get(name) ?? []) await hook(context);
    },
    runNow: (name: string, context: object) => {
      for (const hook of hooks.get(name) ?? []) hook(context);
    },
  };
}

class Disposable {
  readonly dispose: () => void;

  constructor(dispose: () => void) {
    this.dispose = dispose;
  }
}

let provided: object | undefined;

/** Makes `require("@azure/functions-core")` return the core; there is no such module on disk. */
function provideCore(core: object): void {
  if (!provided) {
    Module.prototype.require = new Proxy(Module.prototype.require, {
      apply: (target, thisArg, args: [string]) =>
        args[0] === "@azure/functions-core" ? provided : Reflect.apply(target, thisArg, args),
    });
  }
  provided = core;
}
