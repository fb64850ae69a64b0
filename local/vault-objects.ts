import { randomBytes } from "node:crypto";
import { HttpError } from "./http-server.ts";
import type { Journal } from "./vault-journal.ts";

const PAGE_SIZE = 25;
const RECOVERABLE_DAYS = 90;

/** What is common to the versions of a secret and of a key; times in unix seconds. */
export interface Version<Content> {
  readonly version: string;
  readonly content: Content;
  readonly enabled: boolean;
  readonly created: number;
  readonly updated: number;
  readonly nbf?: number;
  readonly exp?: number;
  readonly tags?: Record<string, string>;
}

interface Named<Content> {
  readonly name: string;
  /** Oldest first. */
  readonly versions: Version<Content>[];
  deleted?: number;
}

/** One change in the journal of a vault: a version that is new or replaces itself, a deletion, or a purge. */
export type Change<Content> = { readonly name: string } & (
  | { readonly version: Version<Content> }
  | { readonly deleted: number }
  | { readonly purged: true }
);

/** A page of a listing; `next` is where the next one starts. */
export interface Page<Item> {
  readonly items: Item[];
  readonly next: number | undefined;
}

/** Key Vault's error answer. */
export function vaultError(status: number, code: string, message: string, innererror?: string): HttpError {
  return new HttpError(status, { error: { code, message, ...(innererror && { innererror: { code: innererror } }) } });
}

/** The attributes of a version as Key Vault writes them. */
export function attributesOf({ enabled, nbf, exp, created, updated }: Version<unknown>): object {
  return {
    enabled,
    nbf,
    exp,
    created,
    updated,
    recoveryLevel: "Recoverable+Purgeable",
    recoverableDays: RECOVERABLE_DAYS,
  };
}

type Attributes = Partial<Pick<Version<unknown>, "enabled" | "nbf" | "exp" | "tags">>;

/** Reads the members of a request body that are common to secrets and keys. */
export function attributesFrom(body: Record<string, unknown>): Attributes {
  const given = (body["attributes"] ?? {}) as Attributes;
  const tags = body["tags"] as Attributes["tags"];
  return {
    ...(given.enabled !== undefined && { enabled: given.enabled }),
    ...(given.nbf !== undefined && { nbf: given.nbf }),
    ...(given.exp !== undefined && { exp: given.exp }),
    ...(tags !== undefined && { tags }),
  };
}

/** The secrets, or the keys, of one vault: names are case-insensitive, versions are never removed, a deleted name stays blocked until it is purged. */
export class VaultObjects<Content> {
  readonly #kind: "Secret" | "Key";
  readonly #clock: () => number;
  readonly #journal: () => Journal;
  readonly #byName = new Map<string, Named<Content>>();
  // A listing continues by position, so names never move here; purged ones stay as holes.
  readonly #inOrder: (Named<Content> | undefined)[] = [];

  constructor(kind: "Secret" | "Key", clock: () => number, journal: () => Journal) {
    this.#kind = kind;
    this.#clock = clock;
    this.#journal = journal;
  }

  /** Applies a change, from a request or from the journal. */
  apply(change: Change<Content>): void {
    const id = change.name.toLowerCase();
    const named = this.#byName.get(id) ?? { name: change.name, versions: [] };
    if (!this.#byName.has(id)) {
      this.#byName.set(id, named);
      this.#inOrder.push(named);
    }
    if ("version" in change) {
      const at = named.versions.findLastIndex(({ version }) => version === change.version.version);
      if (at < 0) named.versions.push(change.version);
      else named.versions[at] = change.version;
    } else if ("deleted" in change) {
      named.deleted = change.deleted;
    } else {
      this.#byName.delete(id);
      this.#inOrder[this.#inOrder.indexOf(named)] = undefined;
    }
  }

  /** Adds a version, which is the newest from here on. */
  add(name: string, content: Content, attributes: Attributes): Version<Content> {
    this.#refuseDeleted(name);
    const now = this.#now();
    const version = randomBytes(16).toString("hex");
    return this.#put(name, { version, content, enabled: true, created: now, updated: now, ...attributes });
  }

  /** Changes attributes of a version, the newest where none is named. */
  update(name: string, version: string | undefined, changes: Attributes): Version<Content> {
    return this.#put(name, { ...this.get(name, version), ...changes, updated: this.#now() });
  }

  /** Finds a version, the newest where none is named, enabled or not. */
  get(name: string, version: string | undefined): Version<Content> {
    const { versions } = this.#live(name);
    const found =
      version === undefined ? versions.at(-1) : versions.find((each) => each.version === version.toLowerCase());
    if (!found) throw this.#notFound(version === undefined ? name : `${name}/${version}`);
    return found;
  }

  /** Finds a version and refuses it where Key Vault refuses the operation: disabled, too early or too late. */
  usable(name: string, version: string | undefined, operation: string): Version<Content> {
    const found = this.get(name, version);
    const refuse = (state: string, inner: string) =>
      vaultError(
        403,
        "Forbidden",
        `Operation ${operation} is not allowed on ${state} ${this.#kind.toLowerCase()}.`,
        inner,
      );
    if (!found.enabled) throw refuse("a disabled", `${this.#kind}Disabled`);
    if (operation !== "get") {
      if (found.nbf !== undefined && this.#now() < found.nbf)
        throw refuse("a not yet valid", `${this.#kind}NotYetValid`);
      if (found.exp !== undefined && this.#now() >= found.exp) throw refuse("an expired", `${this.#kind}Expired`);
    }
    return found;
  }

  has(name: string): boolean {
    const named = this.#byName.get(name.toLowerCase());
    return named !== undefined && named.deleted === undefined;
  }

  /** The newest version of every name, a page at a time. */
  list(from: number, size: number): Page<{ name: string; newest: Version<Content> }> {
    const items: { name: string; newest: Version<Content> }[] = [];
    let at = from;
    for (; at < this.#inOrder.length && items.length < size; at++) {
      const named = this.#inOrder[at];
      const newest = named?.versions.at(-1);
      if (named && newest && named.deleted === undefined) items.push({ name: named.name, newest });
    }
    return { items, next: at < this.#inOrder.length ? at : undefined };
  }

  /** The versions of a name, in no order that means anything, as Key Vault lists them. */
  versions(name: string, from: number, size: number): Page<Version<Content>> {
    const all = this.#live(name).versions.toSorted((a, b) => (a.version < b.version ? -1 : 1));
    return { items: all.slice(from, from + size), next: from + size < all.length ? from + size : undefined };
  }

  /** Deletes softly: the name is gone and blocked. */
  delete(name: string): void {
    this.#live(name);
    this.#record({ name, deleted: this.#now() });
  }

  /** The deleted object of that name and when it was deleted. */
  deleted(name: string): { newest: Version<Content>; deletedDate: number; scheduledPurgeDate: number } {
    const named = this.#byName.get(name.toLowerCase());
    const newest = named?.versions.at(-1);
    if (named?.deleted === undefined || !newest) throw this.#notFound(name);
    return { newest, deletedDate: named.deleted, scheduledPurgeDate: named.deleted + RECOVERABLE_DAYS * 86_400 };
  }

  /** Removes a deleted object for good and frees its name. */
  purge(name: string): void {
    this.deleted(name);
    this.#record({ name, purged: true });
  }

  #put(name: string, version: Version<Content>): Version<Content> {
    this.#record({ name, version });
    return version;
  }

  #record(change: Change<Content>): void {
    this.#journal().append({ kind: this.#kind, ...change });
    this.apply(change);
  }

  #live(name: string): Named<Content> {
    const named = this.#byName.get(name.toLowerCase());
    if (!named || named.deleted !== undefined) throw this.#notFound(name);
    return named;
  }

  #refuseDeleted(name: string): void {
    if (this.#byName.get(name.toLowerCase())?.deleted === undefined) return;
    const message = `${this.#kind} ${name} is currently in a deleted but recoverable state, and its name cannot be reused; in this state, the ${this.#kind.toLowerCase()} can only be recovered or purged.`;
    throw vaultError(409, "Conflict", message, "ObjectIsDeletedButRecoverable");
  }

  #notFound(id: string): HttpError {
    const kind = this.#kind.toLowerCase();
    return vaultError(404, `${this.#kind}NotFound`, `A ${kind} with (name/id) ${id} was not found in this key vault.`);
  }

  #now(): number {
    return Math.floor(this.#clock() / 1000);
  }
}

/** The page a listing request asks for. */
export function pageOf(query: URLSearchParams): { from: number; size: number } {
  const size = Number(query.get("maxresults") ?? PAGE_SIZE);
  if (!Number.isInteger(size) || size < 1 || size > PAGE_SIZE) {
    throw vaultError(400, "BadParameter", `maxresults must be between 1 and ${PAGE_SIZE}.`);
  }
  return { from: Number(query.get("$skiptoken") ?? 0), size };
}
