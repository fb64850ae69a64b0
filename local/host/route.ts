/** The values of a route's parameters in a path. */
export type RouteParameters = Readonly<Record<string, string>>;

/** A route template such as `api/clients/{id}` or `files/{*path}`, matched as ASP.NET does. */
export interface Route {
  readonly template: string;
  /** The sort key of routes: literal segments come before parameters, parameters before a catch-all. */
  readonly precedence: string;
  match(path: string): RouteParameters | undefined;
}

const SEGMENT = /^\{(?<catchAll>\*?)(?<name>\w+)(?<optional>\??)\}$/;
const SPECIAL = /[\\^$.*+?()[\]{}|/-]/g;

/**
 * Compiles a route template. Literals are case-insensitive, and a slash at the end of the path is ignored.
 *
 * @throws on templates that this host does not support: constraints, defaults, and parameters within a segment.
 */
export function compileRoute(template: string): Route {
  const segments = template.split("/").filter((segment) => segment !== "");
  const compiled = segments.map((segment) => {
    const { catchAll, name, optional } = SEGMENT.exec(segment)?.groups ?? {};
    if (name === undefined && /[{}]/.test(segment)) throw new Error(`The route "${template}" is not supported here.`);
    if (name === undefined) return { rank: "1", pattern: `/${segment.replace(SPECIAL, "\\$&")}` };
    if (catchAll) return { rank: "3", pattern: `(?:/(?<${name}>.+))?` };
    return { rank: "2", pattern: optional ? `(?:/(?<${name}>[^/]+))?` : `/(?<${name}>[^/]+)` };
  });
  const regexp = new RegExp(`^${compiled.map(({ pattern }) => pattern).join("")}/?$`, "is");
  return {
    template,
    precedence: compiled.map(({ rank }) => rank).join(""),
    match: (path) => {
      const matched = regexp.exec(path);
      if (!matched) return undefined;
      return Object.fromEntries(Object.entries(matched.groups ?? {}).filter(([, value]) => value !== undefined));
    },
  };
}
