/** What a route template captured of a path, percent-decoded. */
export type RouteParameters = Record<string, string>;

/** One route of the host: a template such as `api/clients/{id}` or `files/{*path}`, matched as ASP.NET does. */
export interface Route {
  readonly template: string;
  /** Lower sorts first: literal segments before parameters, parameters before a catch-all. */
  readonly precedence: string;
  match(path: string): RouteParameters | undefined;
}

const escape = (text: string) => text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");

/** Compiles a route template. Literals match in any case; a trailing slash of the path does not count. Constraints are not supported. */
export function compileRoute(template: string): Route {
  const segments = template.split("/").filter((segment) => segment !== "");
  let pattern = "";
  let precedence = "";
  for (const segment of segments) {
    const [, catchAll, name, optional] = /^\{(\*?)([^}?:=]+)(\??)\}$/.exec(segment) ?? [];
    if (name === undefined) {
      if (segment.includes("{"))
        throw new Error(`The route "${template}" has a segment that this host does not support.`);
      pattern += `/${escape(segment)}`;
      precedence += "1";
    } else if (catchAll) {
      pattern += `(?:/(?<${name}>.*))?`;
      precedence += "3";
    } else {
      pattern += optional ? `(?:/(?<${name}>[^/]+))?` : `/(?<${name}>[^/]+)`;
      precedence += "2";
    }
  }
  const regexp = new RegExp(`^${pattern}/?$`, "is");
  return {
    template,
    precedence,
    match: (path) => {
      const matched = regexp.exec(path);
      if (!matched) return undefined;
      return Object.fromEntries(Object.entries(matched.groups ?? {}).filter(([, value]) => value !== undefined));
    },
  };
}

/**
 * Decodes a request path as Kestrel does: percent-encoded UTF-8 but for `%2F`, then dot segments removed.
 * Returns `undefined` for what Kestrel refuses: a NUL, and anything that is not ASCII.
 */
export function decodePath(raw: string): string | undefined {
  if (!/^\/[\x21-\x7e]*$/.test(raw) || raw.includes("%00")) return undefined;
  const decoded = raw.replace(/(?:%(?!2f)[0-9a-f]{2})+/gi, (encoded) => {
    try {
      return decodeURIComponent(encoded);
    } catch {
      return encoded;
    }
  });
  const kept: string[] = [];
  const segments = decoded.slice(1).split("/");
  for (const [index, segment] of segments.entries()) {
    const isLast = index === segments.length - 1;
    if (segment !== "." && segment !== "..") kept.push(segment);
    else {
      if (segment === "..") kept.pop();
      if (isLast) kept.push("");
    }
  }
  return `/${kept.join("/")}`;
}

/** Encodes a decoded path again, as the host does before it forwards a request. */
export function encodePath(path: string): string {
  return path
    .split(/(%2f)/i)
    .map((part) => (/^%2f$/i.test(part) ? part : encodeURI(part).replace(/[?#]/g, encodeURIComponent)))
    .join("");
}
