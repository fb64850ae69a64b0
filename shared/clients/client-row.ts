import * as z from "zod";
import { CLIENT_STATUSES, type Client } from "../model/client.ts";
import { SCOPES } from "../model/scopes.ts";
import type { RequestContext } from "../request/context.ts";
import { Unavailable } from "../request/retry.ts";

/** The row of a client, as read at one moment. */
export interface ClientRow extends Client {
  /** The name of the vault secret with the hash of the client's valid secret. Each generation of the secret has a new name. */
  secretName: string;
  /** The version of the row, for optimistic concurrency. */
  etag: string;
}

/** The row of a client with the time of its last token. */
export interface ClientWithUse extends ClientRow {
  lastUsedAt: string | null;
}

const clientColumns = z
  .object({
    partitionKey: z.string(),
    id: z.string(),
    name: z.string(),
    description: z.string(),
    status: z.enum(CLIENT_STATUSES),
    scopes: z
      .string()
      .transform((words) => words.split(" "))
      .pipe(z.array(z.enum(SCOPES)).nonempty()),
    created_by: z.string(),
    created_at: z.string(),
  })
  .transform(
    (row): Client => ({
      id: row.id,
      clientId: row.partitionKey,
      name: row.name,
      description: row.description,
      status: row.status,
      scopes: row.scopes,
      createdBy: row.created_by,
      createdAt: row.created_at,
    }),
  );
const versionColumns = z.object({ secretName: z.string().min(1), etag: z.string().min(1) });
const usageColumns = z.object({ partitionKey: z.string(), last_used_at: z.string() });

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

/**
 * Parses the row of a client.
 *
 * @throws Unavailable
 */
export function parseClient(entity: unknown, context: RequestContext): ClientRow {
  return { ...parse(clientColumns, entity, context), ...parse(versionColumns, entity, context) };
}

/**
 * Parses the row of the last use of a client.
 *
 * @throws Unavailable
 */
export function parseUsage(entity: unknown, context: RequestContext): z.output<typeof usageColumns> {
  return parse(usageColumns, entity, context);
}

/** Parses a row. A row that does not parse is a fault of the service: 503 and an alarm, never a 4xx. */
function parse<T>(columns: z.ZodType<T>, entity: unknown, context: RequestContext): T {
  const result = columns.safeParse(entity);
  if (result.success) return result.data;
  const note = `row does not parse: ${result.error.issues.map((issue) => issue.path.join(".")).join(", ")}`;
  context.alarm("row_damaged", note);
  throw new Unavailable("row_damaged", { note });
}
