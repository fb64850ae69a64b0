import * as z from "zod";
import {
  CLIENT_STATUSES,
  type Client,
  isShowableWord,
  MAX_DESCRIPTION,
  MAX_NAME,
  type StoredClient,
} from "../model/client.ts";
import { isScope, type Scope } from "../model/scopes.ts";
import { Unavailable } from "../request/retry.ts";
import { SECRET_NAME_PREFIX } from "./secret-store.ts";

/**
 * The row of a client, as read at one moment. A row may be damaged: written by a later release, by hand or from a backup. Every column is
 * read by itself, so that a damaged one harms only those who act on it. The columns that decide are `undefined` where they cannot be read.
 */
export interface ClientRow extends StoredClient {
  /** The name of the vault secret with the hash of the client's valid secret. Each generation of the secret has a new name. */
  secretName: string | undefined;
  /** The hint of that secret (secret-columns.ts), and who made it when; absent in a row of an earlier release. */
  secretHint: string | undefined;
  secretCreatedAt: string | undefined;
  secretCreatedBy: string | undefined;
  /** The secrets that were replaced, as JSON: a token does without, so it is not parsed for each. */
  replacedSecrets: string | undefined;
  /** The version of the row, for optimistic concurrency. */
  etag: string | undefined;
}

/** The row of a client with the time of its last token. */
export interface ClientWithUse extends ClientRow {
  lastUsedAt: string | null;
}

/** What a token of an active client depends on. */
export interface ActiveClient {
  clientId: string;
  secretName: string;
  scopes: readonly Scope[];
}

/** Placeholders of the usual form, for callers with a strict reader of answers. */
const UNREADABLE_ID = "0".repeat(24);
const UNREADABLE_TIME = "1970-01-01T00:00:00Z";
/** The longest `oid` or `sub` of an admin token (admin-auth.ts). */
const MAX_ADMIN_ID = 128;
/** Far more than all scopes together, and little enough to be split for every token. */
const MAX_SCOPES_LENGTH = 2_000;

/** A column that does not parse is `undefined`, and the other columns are still read. */
const readable = <T extends z.ZodType>(schema: T) => schema.optional().catch(undefined);
const text = (minimum: number, maximum: number) =>
  z.string().refine((value) => {
    const { length } = [...value];
    return length >= minimum && length <= maximum;
  });
const time = z.iso.datetime({ precision: 0 });

const clientColumns = z.object({
  id: readable(z.string().regex(/^[0-9a-f]{24}$/)),
  name: readable(text(1, MAX_NAME)),
  description: readable(text(0, MAX_DESCRIPTION)),
  status: readable(z.enum(CLIENT_STATUSES)),
  scopes: readable(z.string().max(MAX_SCOPES_LENGTH)),
  created_by: readable(text(1, MAX_ADMIN_ID)),
  created_at: readable(time),
  // A name of Key Vault has 1 to 127 letters, digits and hyphens ("Object identifiers and versioning" in its documentation).
  secretName: readable(
    z
      .string()
      .startsWith(SECRET_NAME_PREFIX)
      .regex(/^[0-9A-Za-z-]{1,127}$/),
  ),
});
const COLUMNS = clientColumns.keyof().options;
/** All columns: nothing but the log and lists depends on the further ones, so that they are never told as damaged. */
const rowColumns = clientColumns.extend({
  secretHint: readable(z.string().regex(/^[0-9A-Za-z]{8}$/)),
  secret_created_at: readable(time),
  secret_created_by: readable(text(1, MAX_ADMIN_ID)),
  replaced_secrets: readable(z.string()),
  etag: readable(z.string().min(1)),
});
const usageColumns = z.object({ last_used_at: readable(time) });

/** Reads the row of a client as far as it can be read. */
export function toClientRow(clientId: string, entity: object): ClientRow {
  const columns = rowColumns.parse(entity);
  const { scopes, unknownScopes } = readScopes(columns.scopes);
  const isDamaged = (name: (typeof COLUMNS)[number]) =>
    columns[name] === undefined || (name === "scopes" && (scopes.length === 0 || scopes.join(" ") !== columns.scopes));
  return {
    id: columns.id ?? UNREADABLE_ID,
    clientId,
    name: columns.name ?? "",
    description: columns.description ?? "",
    status: columns.status,
    scopes,
    createdBy: columns.created_by ?? "",
    createdAt: columns.created_at ?? UNREADABLE_TIME,
    secretName: columns.secretName,
    secretHint: columns.secretHint,
    secretCreatedAt: columns.secret_created_at,
    secretCreatedBy: columns.secret_created_by,
    replacedSecrets: columns.replaced_secrets,
    etag: columns.etag,
    unknownScopes,
    damaged: COLUMNS.filter(isDamaged),
  };
}

/** Adds the time of the last token, from the row `usage` of a client if there is one. */
export function withUse(client: ClientRow, usage: object | undefined): ClientWithUse {
  if (!usage) return { ...client, lastUsedAt: null };
  const { last_used_at: lastUsedAt } = usageColumns.parse(usage);
  if (lastUsedAt !== undefined) return { ...client, lastUsedAt };
  // Said, since `null` alone is "never used", and administrators disable such clients.
  return { ...client, lastUsedAt: null, damaged: [...client.damaged, "last_used_at"] };
}

/**
 * Returns what a token of an active client depends on.
 *
 * @throws Unavailable if a part of it cannot be read: a fault of the service is never told as `invalid_client`.
 */
export function activeClient({ clientId, status, secretName, scopes, damaged }: ClientRow): ActiveClient {
  if (status === "active" && secretName && scopes.length > 0) return { clientId, secretName, scopes };
  throw new Unavailable("row_damaged", { note: damaged.join(", ") });
}

/** Formats a client as the columns of its row. */
export function toColumns(client: Client): Record<string, string> {
  return {
    id: client.id,
    name: client.name,
    description: client.description,
    status: client.status,
    scopes: client.scopes.join(" "),
    created_by: client.createdBy,
    created_at: client.createdAt,
  };
}

/** Tells the scopes of this release from other words: a release that adds a scope can be rolled back. */
function readScopes(column = ""): Pick<StoredClient, "scopes" | "unknownScopes"> {
  const words = [...new Set(column.split(" "))];
  return {
    scopes: words.filter(isScope),
    unknownScopes: words.filter((word) => !isScope(word) && isShowableWord(word)),
  };
}
