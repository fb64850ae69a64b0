import { randomBytes } from "node:crypto";
import type { HttpError } from "../server/http-server.ts";
import { vaultError } from "./vault-error.ts";
import type { Journal } from "./vault-journal.ts";

/** One version of a secret or key; times in unix seconds. */
export interface Version<Content> {
  readonly version: string;
  readonly content: Content;
  readonly enabled: boolean;
  readonly created: number;
  readonly updated: number;
  readonly nbf?: number | undefined;
  readonly exp?: number | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
}

/** The attributes of a version that a request may set. */
export type Attributes = { readonly [Name in "enabled" | "nbf" | "exp" | "tags"]?: Version<unknown>[Name] | undefined };

/** A page of a list; `next` is the position at which the next page starts. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next: number | undefined;
}

/** One change in the journal of a vault: a new version, or the new state of a version with the same id. */
export interface Change<Content> {
  readonly name: string;
  readonly version: Version<Content>;
}

interface Named<Content> {
  readonly name: string;
  /** Oldest first. */
  readonly versions: Version<Content>[];
}

/**
 * The secrets or the keys of one vault, with Key Vault's rules: names are case-insensitive, and a request without a version
 * means the newest one. Nothing is ever deleted: the service does not delete, and its roles could not.
 */
export class VaultObjects<Content> {
  readonly #kind: "secret" | "key";
  readonly #clock: () => number;
  readonly #journal: () => Journal;
  readonly #byName = new Map<string, Named<Content>>();
  // A list continues by position, so the order of names never changes.
  readonly #inOrder: Named<Content>[] = [];

  constructor(kind: "secret" | "key", clock: () => number, journal: () => Journal) {
    this.#kind = kind;
    this.#clock = clock;
    this.#journal = journal;
  }

  /** Adds a version, which becomes the newest. */
  add(name: string, content: Content, { enabled = true, ...attributes }: Attributes = {}): Version<Content> {
    const now = this.#now();
    const version = randomBytes(16).toString("hex");
    return this.#put(name, { version, content, enabled, created: now, updated: now, ...attributes });
  }

  /** Changes attributes of a version. */
  update(name: string, version: string | undefined, changes: Attributes): Version<Content> {
    const { enabled, ...found } = this.get(name, version);
    return this.#put(name, { ...found, ...changes, enabled: changes.enabled ?? enabled, updated: this.#now() });
  }

  /** Finds a version, enabled or not. */
  get(name: string, version?: string): Version<Content> {
    const { versions } = this.#find(name);
    const id = version?.toLowerCase();
    const found = id === undefined ? versions.at(-1) : versions.find((each) => each.version === id);
    if (!found) throw this.#notFound(id === undefined ? name : `${name}/${id}`);
    return found;
  }

  /**
   * Finds a version that Key Vault lets be used. The status and the code are documented
   * (https://learn.microsoft.com/azure/key-vault/keys/about-keys-details#date-time-controlled-operations), and that a few minutes of
   * tolerance are possible, which this vault does not have. The inner codes of time are not documented: they follow the one of a
   * disabled version, and nothing may depend on them.
   *
   * @throws HttpError 403 when the version is disabled; for a signature also before its `nbf` and from its `exp` on.
   */
  usable(name: string, version: string | undefined, operation: "get" | "sign"): Version<Content> {
    const found = this.get(name, version);
    const { enabled, nbf = 0, exp = Number.POSITIVE_INFINITY } = found;
    if (!enabled) throw this.#unusable(operation, "a disabled", "Disabled");
    if (operation === "sign" && this.#now() < nbf) throw this.#unusable(operation, "a not yet valid", "NotYetValid");
    if (operation === "sign" && this.#now() >= exp) throw this.#unusable(operation, "an expired", "Expired");
    return found;
  }

  has(name: string): boolean {
    return this.#byName.has(name.toLowerCase());
  }

  /** Lists every name with its newest version. */
  list(from: number, size: number): Page<{ name: string; newest: Version<Content> }> {
    const { items, next } = pageOf(this.#inOrder, from, size);
    return { items: items.map(({ name }) => ({ name, newest: this.get(name) })), next };
  }

  /** Lists the versions of a name, sorted by id: Key Vault promises no order. */
  versions(name: string, from: number, size: number): Page<Version<Content>> {
    return pageOf(
      this.#find(name).versions.toSorted((a, b) => (a.version < b.version ? -1 : 1)),
      from,
      size,
    );
  }

  /** Applies a change of a request or of the journal. */
  apply({ name, version: changed }: Change<Content>): void {
    const id = name.toLowerCase();
    const named = this.#byName.get(id) ?? { name, versions: [] };
    if (!this.#byName.has(id)) {
      this.#byName.set(id, named);
      this.#inOrder.push(named);
    }
    const at = named.versions.findLastIndex(({ version }) => version === changed.version);
    named.versions[at < 0 ? named.versions.length : at] = changed;
  }

  #put(name: string, version: Version<Content>): Version<Content> {
    this.#journal().append({ kind: this.#kind, name, version });
    this.apply({ name, version });
    return version;
  }

  #find(name: string): Named<Content> {
    const named = this.#byName.get(name.toLowerCase());
    if (!named) throw this.#notFound(name);
    return named;
  }

  #now(): number {
    return Math.floor(this.#clock() / 1000);
  }

  #code(suffix: string): string {
    return (this.#kind === "key" ? "Key" : "Secret") + suffix;
  }

  #notFound(id: string): HttpError {
    const message = `A ${this.#kind} with (name/id) ${id} was not found in this key vault.`;
    return vaultError(404, this.#code("NotFound"), message);
  }

  #unusable(operation: string, state: string, suffix: string): HttpError {
    const message = `Operation ${operation} is not allowed on ${state} ${this.#kind}.`;
    return vaultError(403, "Forbidden", message, this.#code(suffix));
  }
}

function pageOf<Item>(all: readonly Item[], from: number, size: number): Page<Item> {
  return { items: all.slice(from, from + size), next: from + size < all.length ? from + size : undefined };
}
