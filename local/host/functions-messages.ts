// What passes between Azure's Functions host and its Node worker, as far as this host needs it. The names are Azure's:
// github.com/Azure/azure-functions-nodejs-worker and the RPC messages that it shares with the host.

/** Level of a log line of the worker. */
export type LogLevel = "trace" | "debug" | "information" | "warning" | "error" | "critical" | "none";

/** One value on the way between host and worker; a request that is forwarded is empty here. */
export interface RpcTypedData {
  readonly string?: string;
  readonly json?: string;
  readonly http?: object;
}

/** A trigger or output of a function. */
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

/** The trigger of a function with its binding's name, if it is of that type. */
export function triggerOf({ bindings }: RegisteredFunction, type: string): [string, RpcBindingInfo] | undefined {
  return Object.entries(bindings).find(([, binding]) => binding.type.toLowerCase() === type.toLowerCase());
}

/** What the host sends to have a function run. */
export interface InvocationRequest {
  readonly invocationId: string;
  readonly inputData: readonly { readonly name: string; readonly data: RpcTypedData }[];
  readonly triggerMetadata: Readonly<Record<string, RpcTypedData>>;
}

/** One run of a function, as the library does it. */
export interface InvocationModel {
  getArguments(): Promise<{ context: unknown; inputs: unknown[] }>;
  invokeFunction(context: unknown, inputs: unknown[], callback: RegisteredFunction["callback"]): Promise<unknown>;
  getResponse(context: unknown, result: unknown): Promise<unknown>;
}

/** The library `@azure/functions`, as it presents itself. */
export interface ProgrammingModel {
  getInvocationModel(context: object): InvocationModel | Promise<InvocationModel>;
  getCapabilities(capabilities: Record<string, string>): Promise<Record<string, string>>;
}
