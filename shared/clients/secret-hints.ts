import * as z from "zod";
import { wholeSeconds } from "../model/client.ts";
import { SECRET_PREFIX } from "../model/secret-pattern.ts";
import type { ClientRow } from "./client-row.ts";
import type { Author } from "./history.ts";

/** Fewer than 48 of the 256 random bits: 208 stay unknown, and the secrets of a client can be told apart. */
const HINT_DIGITS = 8;
/** Bounds the row, which every token reads. */
const MAX_REPLACED = 8;

/** A new generation of a client's secret: the name of its vault secret, and its hint. */
export interface NewSecret {
  readonly secretName: string;
  readonly secretHint: string;
}

const replacedSecret = z.object({
  hint: z.string().regex(/^[0-9A-Za-z]{8}$/),
  created_at: z.string().optional(),
  created_by: z.string().optional(),
  replaced_at: z.string(),
  replaced_by: z.string(),
});
const replacedSecrets = z.array(replacedSecret).max(MAX_REPLACED);
/** A secret that was replaced: its hint, and who made and replaced it when. */
export type ReplacedSecret = z.output<typeof replacedSecret>;

/** Returns the hint of a client secret: the first characters after its prefix, by which administrators tell secrets apart. */
export function hintOf(clientSecret: string): string {
  return clientSecret.slice(SECRET_PREFIX.length, SECRET_PREFIX.length + HINT_DIGITS);
}

/** Reads the secrets that were replaced, newest first. None if the column is absent or damaged: nothing but the log depends on it. */
export function replacedSecretsOf(row: Pick<ClientRow, "replacedSecrets"> | undefined): readonly ReplacedSecret[] {
  try {
    return replacedSecrets.parse(JSON.parse(row?.replacedSecrets ?? "[]"));
  } catch {
    return [];
  }
}

/** Formats a new secret as columns of the client's row, and adds the secret that it replaces to those of `before`. */
export function secretColumns(
  { secretName, secretHint }: NewSecret,
  { adminId, at }: Author,
  before?: ClientRow,
): Record<string, string> {
  const columns = { secretName, secretHint, secret_created_at: wholeSeconds(at), secret_created_by: adminId };
  if (!before?.secretHint) return columns;
  const replaced: ReplacedSecret = {
    hint: before.secretHint,
    created_at: before.secretCreatedAt,
    created_by: before.secretCreatedBy,
    replaced_at: wholeSeconds(at),
    replaced_by: adminId,
  };
  const all = [replaced, ...replacedSecretsOf(before)].slice(0, MAX_REPLACED);
  return { ...columns, replaced_secrets: JSON.stringify(all) };
}
