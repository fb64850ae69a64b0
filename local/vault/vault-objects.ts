import { randomBytes } from "node:crypto";
import type { HttpError } from "../server/http-server.ts";
import { vaultError } from "./vault-error.ts";
import type { Journal } from "./vault-journal.ts";

const RECOVERABLE_SECONDS = 90 * 86_400;

/** What is common to the versions of a secret and of a key; times in unix seconds. */
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

/** What a request may say of a version besides its content. */
export type Attributes = { readonly [Name in "enabled" | "nbf" | "exp" | "tags"]?: Version<unknown>[Name] | undefined };

/** A page of a listing; `next` is where the next one starts. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next: number | undefined;
}

/** One change in the journal of a vault: a version that is new or replaces itself, a deletion, or a purge. */
export type Change<Content> = { readonly name: string } & (
  | { readonly version: Version<Content> }
  | { readonly deleted: number }
  | { readonly purged: true }
);

interface Named<Content> {
  readonly name: string;
  /** Oldest first. */
  readonly versions: Version<Content>[];
  deleted?: number;
}

/**
 * The secrets, or the keys, of one vault, with Key Vault's rules: names are case-insensitive, versions are never removed,
 * the newest counts where none is named, and a deleted name stays blocked until it is purged.
 */
export class VaultObjects<Content> {
  readonly #kind: "secret" | "key";
  readonly #clock: () => number;
  readonly #journal: () => Journal;
  readonly #byName = new Map<string, Named<Content>>();
  // A listing continues by position, so names never move; a purged one leaves a hole.
  readonly #inOrder: (Named<Content> | undefined)[] = [];

  constructor(kind: "secret" | "key", clock: () => number, journal: () => Journal) {
    this.#kind = kind;
    this.#clock = clock;
    this.#journal = journal;
  }

  /** Adds a version, which is the newest from here on. */
  add(name: string, content: Content, { enabled = true, ...attributes }: Attributes = {}): Version<Content> {
    if (this.#byName.get(name.toLowerCase())?.deleted !== undefined) throw this.#blocked(name);
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
    const { versions } = this.#live(name);
    const id = version?.toLowerCase();
    const found = id === undefined ? versions.at(-1) : versions.find((each) => each.version === id);
    if (!found) throw this.#notFound(id === undefined ? name : `${name}/${id}`);
    return found;
  }

  /** Finds a version, and refuses it where Key Vault refuses the operation: disabled; to sign also too early or too late. */
  usable(name: string, version: string | undefined, operation: "get" | "sign"): Version<Content> {
    const found = this.get(name, version);
    const { enabled, nbf = 0, exp = Number.POSITIVE_INFINITY } = found;
    if (!enabled) throw this.#unusable(operation, "a disabled", "Disabled");
    if (operation === "sign" && this.#now() < nbf) throw this.#unusable(operation, "a not yet valid", "NotYetValid");
    if (operation === "sign" && this.#now() >= exp) throw this.#unusable(operation, "an expired", "Expired");
    return found;
  }

  has(name: string): boolean {
    const named = this.#byName.get(name.toLowerCase());
    return named !== undefined && named.deleted === undefined;
  }

  /** The newest version of every name. */
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

  /** The versions of a name, in no order that means anything: Key Vault promises none. */
  versions(name: string, from: number, size: number): Page<Version<Content>> {
    const all = this.#live(name).versions.toSorted((a, b) => (a.version < b.version ? -1 : 1));
    return { items: all.slice(from, from + size), next: from + size < all.length ? from + size : undefined };
  }

  /** Deletes softly: the name is gone and blocked. */
  delete(name: string): void {
    this.#live(name);
    this.#record({ name, deleted: this.#now() });
  }

  /** The deleted object of that name; its dates in unix seconds. */
  deleted(name: string): { newest: Version<Content>; deletedDate: number; scheduledPurgeDate: number } {
    const named = this.#byName.get(name.toLowerCase());
    const newest = named?.versions.at(-1);
    if (named?.deleted === undefined || !newest) throw this.#notFound(name);
    return { newest, deletedDate: named.deleted, scheduledPurgeDate: named.deleted + RECOVERABLE_SECONDS };
  }

  /** Removes a deleted object for good and frees its name. */
  purge(name: string): void {
    this.deleted(name);
    this.#record({ name, purged: true });
  }

  /** Takes in a change, from a request or from the journal. */
  apply(change: Change<Content>): void {
    const id = change.name.toLowerCase();
    const named = this.#byName.get(id) ?? { name: change.name, versions: [] };
    if (!this.#byName.has(id)) {
      this.#byName.set(id, named);
      this.#inOrder.push(named);
    }
    if ("purged" in change) {
      this.#byName.delete(id);
      this.#inOrder[this.#inOrder.indexOf(named)] = undefined;
    } else if ("deleted" in change) {
      named.deleted = change.deleted;
    } else {
      const at = named.versions.findLastIndex(({ version }) => version === change.version.version);
      named.versions[at < 0 ? named.versions.length : at] = change.version;
    }
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

  #blocked(name: string): HttpError {
    const message = `The ${this.#kind} ${name} is deleted but recoverable, and its name cannot be used again until it is purged.`;
    return vaultError(409, "Conflict", message, "ObjectIsDeletedButRecoverable");
  }

  #unusable(operation: string, state: string, suffix: string): HttpError {
    const message = `Operation ${operation} is not allowed on ${state} ${this.#kind}.`;
    return vaultError(403, "Forbidden", message, this.#code(suffix));
  }
}
