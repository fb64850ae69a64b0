import * as z from "zod";
import { isScope, SCOPES, type Scope } from "./scopes.ts";
import { containsClientSecret } from "./secret-pattern.ts";
import { singleLineText } from "./single-line-text.ts";

// The model: clients, scopes and the rules for text, as the API writes them. The browser bundle of the admin page contains this room, so it
// imports zod alone and has no secrets, no I/O and no clock. The page parses answers with the schemas that type them on the server, so that
// the two cannot disagree.

/** The states of a client. A disabled client gets no tokens and stays disabled. */
export const CLIENT_STATUSES = ["active", "disabled"] as const;
/** The state of a client. */
export type ClientStatus = (typeof CLIENT_STATUSES)[number];

/** An API client: the registered integration. */
export interface Client {
  /** 24 hex digits, opaque to callers, in order of creation. */
  id: string;
  clientId: string;
  name: string;
  description: string;
  status: ClientStatus;
  scopes: readonly Scope[];
  /** The administrator, as `oid` or `sub` of the admin token. */
  createdBy: string;
  /** UTC in whole seconds: `2026-03-27T00:00:00Z`. */
  createdAt: string;
}

/** A client as far as its stored row can be read. Text that cannot be read is empty; `damaged` tells it from text that is. */
export interface StoredClient extends Omit<Client, "status"> {
  /** `undefined` if it cannot be read: such a client is not disabled, and gets no tokens. */
  status: ClientStatus | undefined;
  /** The stored scopes that this release does not know. They are shown and never granted. */
  unknownScopes: readonly string[];
  /** The columns that cannot be read as this release writes them. */
  damaged: readonly string[];
}

/** The longest name of a client, in code points. */
export const MAX_NAME = 100;
/** The longest description of a client, in code points. */
export const MAX_DESCRIPTION = 500;

const scopes = z
  .array(z.unknown(), { error: ({ input }) => (input === undefined ? "Is required." : "Must be an array of scopes.") })
  .transform((words, context) => {
    const refuse = (message: string) => context.addIssue({ code: "custom", message });
    if (words.length === 0) refuse(`Must name at least one scope of: ${SCOPES.join(", ")}.`);
    const known: Scope[] = [];
    for (const [index, word] of words.entries()) {
      if (typeof word !== "string") refuse(`Item ${index} must be a string.`);
      else if (!isScope(word)) refuse(`${quote(word, index)} is not a scope. The scopes are: ${SCOPES.join(", ")}.`);
      else if (known.includes(word)) refuse(`"${word}" is repeated.`);
      else known.push(word);
    }
    return known;
  });

/** The schema of the body of a create request. */
export const newClientSchema = z.strictObject({
  name: singleLineText(1, MAX_NAME),
  description: singleLineText(0, MAX_DESCRIPTION).default(""),
  scopes,
});
/** The parsed body of a create request. */
export type NewClient = z.output<typeof newClientSchema>;

function quote(word: string, index: number): string {
  return isShowableWord(word) ? JSON.stringify(word) : `Item ${index}`;
}

/** Tells whether a word that is no scope may be shown: not one that may contain a client secret or an unprintable character. */
export function isShowableWord(word: string): boolean {
  return /^[\x21-\x7e]{1,100}$/.test(word) && !containsClientSecret(word);
}

/** Tells whether a text has the form of a client id: anything else is refused without a call to a store. */
export function isClientId(text: string): boolean {
  return text.length <= 80 && /^[a-z0-9]+(-[a-z0-9]+)+$/.test(text);
}

/** Formats a time as the API does: UTC, whole seconds. */
export function wholeSeconds(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}

/** Returns the status that is shown for a client. One that cannot be read is shown as active, since the client still has to be disabled. */
export function shownStatus({ status }: Pick<StoredClient, "status">): ClientStatus {
  return status ?? "active";
}

/**
 * The schema of a client in an answer; `last_used_at` is `null` until its first token. A good row has neither `unknown_scopes` nor
 * `damaged`. A damaged one has both beside members of the usual types, so that a caller that does not know them can read it.
 */
export const clientViewSchema = z.object({
  id: z.string(),
  client_id: z.string(),
  name: z.string(),
  description: z.string(),
  status: z.enum(CLIENT_STATUSES),
  // Not an enumeration: the page of an older release shows the scopes of a newer one.
  scopes: z.array(z.string()).readonly(),
  created_by: z.string(),
  created_at: z.string(),
  last_used_at: z.string().nullable(),
  unknown_scopes: z.array(z.string()).readonly().optional(),
  damaged: z.array(z.string()).readonly().optional(),
});
/** A client in an answer. */
export type ClientView = z.output<typeof clientViewSchema>;

/** Converts a client to its form in an answer. */
export function clientView(client: StoredClient & { lastUsedAt: string | null }): ClientView {
  return {
    id: client.id,
    client_id: client.clientId,
    name: client.name,
    description: client.description,
    status: shownStatus(client),
    scopes: client.scopes,
    created_by: client.createdBy,
    created_at: client.createdAt,
    last_used_at: client.lastUsedAt,
    ...(client.unknownScopes.length > 0 && { unknown_scopes: client.unknownScopes }),
    ...(client.damaged.length > 0 && { damaged: client.damaged }),
  };
}
