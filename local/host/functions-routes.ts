import type { HostLog } from "./functions-call.ts";
import { type RegisteredFunction, triggerOf } from "./functions-messages.ts";
import { compileRoute, type Route, type RouteParameters } from "./route.ts";

/** An HTTP function with its full route. `needsKey`: it is not anonymous. `isDisabled`: an app setting disables it. */
export interface HttpFunction {
  readonly registered: RegisteredFunction;
  readonly bindingName: string;
  readonly methods: readonly string[];
  readonly route: Route;
  readonly needsKey: boolean;
  readonly isDisabled: boolean;
}

/** Options for the routes of an app: the prefix of all routes, and the functions that app settings disable. */
export interface RouteOptions {
  readonly prefix: string;
  readonly isDisabled: (name: string) => boolean;
  readonly log: HostLog;
}

/** Returns the HTTP functions of an app in the order of their precedence. A function that Azure refuses is logged and left out: 404. */
export function httpFunctions(
  functions: readonly RegisteredFunction[],
  { prefix, isDisabled, log }: RouteOptions,
): HttpFunction[] {
  const accepted: HttpFunction[] = [];
  for (const registered of functions) {
    const [bindingName, trigger] = triggerOf(registered, "httpTrigger") ?? [];
    if (bindingName === undefined || trigger === undefined) continue;
    const own = (trigger.route || registered.name).replace(/^\/+|\/+$/g, "");
    const route = compileRoute(`${prefix}/${own}`);
    const methods = (trigger.methods ?? []).map((method) => method.toUpperCase());
    const needsKey = trigger.authLevel?.toLowerCase() !== "anonymous";
    const candidate = { registered, bindingName, methods, route, needsKey, isDisabled: isDisabled(registered.name) };
    const reason = refusal(own, candidate, accepted);
    if (reason === undefined) accepted.push(candidate);
    else log("error", `functions: The '${registered.name}' function is in error: ${reason}`);
  }
  return accepted.sort((a, b) => (a.route.precedence < b.route.precedence ? -1 : 1));
}

/** Finds the first function for a method and path, with the route's parameters. */
export function findFunction(
  routes: readonly HttpFunction[],
  method: string,
  path: string,
): (HttpFunction & { parameters: RouteParameters }) | undefined {
  for (const candidate of routes) {
    const parameters = candidate.methods.includes(method) ? candidate.route.match(path) : undefined;
    if (parameters) return { ...candidate, parameters };
  }
  return undefined;
}

function refusal(own: string, { route, methods }: HttpFunction, accepted: readonly HttpFunction[]): string | undefined {
  // Azure checks the route without its prefix.
  if (/^(admin|runtime)/i.test(own)) return "The specified route conflicts with one or more built in routes.";
  const rival = accepted.find(
    (other) => other.route.template === route.template && other.methods.some((method) => methods.includes(method)),
  );
  if (!rival) return undefined;
  return `The route specified conflicts with the route defined by function '${rival.registered.name}'.`;
}
