import * as z from "zod";
import { CLIENT_STATUSES, type Client } from "./client.ts";

function wholeNumber(minimum: number, maximum: number) {
  const message = `Must be a whole number from ${minimum} to ${maximum}.`;
  return z
    .string()
    .regex(/^\d{1,9}$/, message)
    .transform(Number)
    .pipe(z.number().min(minimum, message).max(maximum, message));
}

/** The query of a request for the list of clients; parameters that are not named here are ignored. */
export const clientQuerySchema = z.object({
  search: z.string().default(""),
  status: z.enum(CLIENT_STATUSES, `Must be one of: ${CLIENT_STATUSES.join(", ")}.`).optional(),
  limit: wholeNumber(1, 1_000).default(100),
  offset: wholeNumber(0, 999_999_999).default(0),
});
export type ClientQuery = z.output<typeof clientQuerySchema>;

/** Keeps the clients of a status whose name, description or client_id contains the searched text, literally and in any case. */
export function filterClients<C extends Client>(clients: readonly C[], { search, status }: ClientQuery): C[] {
  const wanted = search.normalize("NFC").toLowerCase();
  return clients.filter(
    (client) =>
      (!status || client.status === status) &&
      [client.name, client.description, client.clientId].some((text) => text.toLowerCase().includes(wanted)),
  );
}
