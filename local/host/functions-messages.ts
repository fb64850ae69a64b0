// The messages between Azure's Functions host and its Node worker, as far as this host needs them. The names are those of
// github.com/Azure/azure-functions-nodejs-worker and of its RPC messages.

/** Level of a log line of the worker. */
export type LogLevel = "trace" | "debug" | "information" | "warning" | "error" | "critical" | "none";

/** One value in a message between host and worker; `http` is empty for a forwarded request. */
export interface RpcTypedData {
  readonly string?: string;
  readonly json?: string;
  readonly http?: object;
}

/** A trigger or an output of a function. */
export interface RpcBindingInfo {
  readonly type: string;
  readonly direction: "in" | "out";
  readonly route?: string;
  readonly methods?: readonly string[];
  readonly authLevel?: string;
}

/** A function as the app registered it. */
export interface RegisteredFunction {
  readonly name: string;
  readonly bindings: Readonly<Record<string, RpcBindingInfo>>;
  readonly callback: (...args: unknown[]) => unknown;
}

/** Returns the name and the binding of a function's trigger, if it has this type. */
export function triggerOf({ bindings }: RegisteredFunction, type: string): [string, RpcBindingInfo] | undefined {
  return Object.entries(bindings).find(([, binding]) => binding.type.toLowerCase() === type.toLowerCase());
}

/** The message by which the host starts an invocation. */
export interface InvocationRequest {
  readonly invocationId: string;
  readonly inputData: readonly { readonly name: string; readonly data: RpcTypedData }[];
  readonly triggerMetadata: Readonly<Record<string, RpcTypedData>>;
}

/** The steps of one invocation in the library. */
export interface InvocationModel {
  getArguments(): Promise<{ context: unknown; inputs: unknown[] }>;
  invokeFunction(context: unknown, inputs: unknown[], callback: RegisteredFunction["callback"]): Promise<unknown>;
  getResponse(context: unknown, result: unknown): Promise<unknown>;
}

/** The interface of the library `@azure/functions` to the worker. */
export interface ProgrammingModel {
  getInvocationModel(context: object): InvocationModel | Promise<InvocationModel>;
  getCapabilities(capabilities: Record<string, string>): Promise<Record<string, string>>;
}
