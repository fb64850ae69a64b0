import * as z from "zod";
import { CLIENT_STATUSES, type StoredClient, shownStatus } from "./client.ts";
import { comparableText, printable } from "./single-line-text.ts";
import { wholeNumber } from "./whole-number.ts";

function numberBetween(minimum: number, maximum: number) {
  const fault = `Must be a whole number from ${minimum} to ${maximum}.`;
  return wholeNumber(z.string(), { minimum, maximum, notWhole: fault, tooSmall: fault, tooLarge: fault });
}

/** The schema of the query of a list request. */
export const clientQuerySchema = z.strictObject({
  search: z.string().default(""),
  status: z.enum(CLIENT_STATUSES, `Must be one of: ${CLIENT_STATUSES.join(", ")}.`).optional(),
  limit: numberBetween(1, 1_000).default(100),
  offset: numberBetween(0, 999_999_999).default(0),
});
/** The parsed query of a list request. */
export type ClientQuery = z.output<typeof clientQuerySchema>;

type SearchedClient = Pick<StoredClient, "clientId" | "name" | "description" | "status">;

/** Filters clients by status, and by a text that name, description or client id must contain as they are shown ({@link comparableText}). */
export function filterClients<C extends SearchedClient>(clients: readonly C[], { search, status }: ClientQuery): C[] {
  const wanted = comparableText(search);
  return clients.filter(
    (client) =>
      (!status || shownStatus(client) === status) &&
      (wanted === "" ||
        [client.name, client.description, client.clientId].some((text) =>
          comparableText(printable(text)).includes(wanted),
        )),
  );
}
