import * as z from "zod";
import { type ClientStatus, type ClientView, clientViewSchema, type NewClient } from "../../shared/model/client.ts";
import { SessionEnded, type SignIn } from "../sign-in/sign-in.ts";
import { ApiError } from "./api-error.ts";
import { readJson, send } from "./http.ts";

const CLIENTS_PATH = "/api/admin/api-clients";

/** The filters and the page of the list of clients. */
export interface ListQuery {
  search: string;
  status: ClientStatus | undefined;
  offset: number;
  limit: number;
}

const clientListSchema = z.object({ clients: z.array(clientViewSchema), total: z.number() });
/** One page of the list, and how many clients match in all. */
export type ClientList = z.output<typeof clientListSchema>;

const credentialsSchema = z.object({ client_id: z.string(), client_secret: z.string() });
/** A client_id and its secret, which is in this one answer and in no other. */
export type Credentials = z.output<typeof credentialsSchema>;

const disabledSchema = z.object({ client_id: z.string(), status: z.literal("disabled") });

/** The admin API. All methods throw an `ApiError`. No request is repeated. */
export interface AdminApi {
  list(query: ListQuery, signal: AbortSignal): Promise<ClientList>;
  get(clientId: string, signal: AbortSignal): Promise<ClientView>;
  create(input: NewClient): Promise<Credentials>;
  regenerateSecret(clientId: string): Promise<Credentials>;
  disable(clientId: string): Promise<void>;
}

/** Creates the admin API for a signed-in administrator. `onSessionEnd` is called when only a new sign-in helps. */
export function createAdminApi(signIn: Pick<SignIn, "token">, onSessionEnd: () => void): AdminApi {
  // A role that is assigned after a token was issued is in the next token.
  let isForbidden = false;

  async function call<T>(path: string, schema: z.ZodType<T>, init: RequestInit = {}): Promise<T> {
    try {
      const headers = { Authorization: `Bearer ${await signIn.token({ fresh: isForbidden })}`, ...init.headers };
      isForbidden = false;
      return await readJson(await send(path, { ...init, headers }), schema);
    } catch (error) {
      isForbidden ||= error instanceof ApiError && error.kind === "forbidden";
      const signedOut = error instanceof SessionEnded || (error instanceof ApiError && error.kind === "signed-out");
      if (!signedOut) throw error;
      onSessionEnd();
      throw new ApiError("signed-out");
    }
  }

  const pathOf = (clientId: string) => `${CLIENTS_PATH}/${encodeURIComponent(clientId)}`;

  return {
    list({ search, status, offset, limit }, signal) {
      const query = new URLSearchParams({ limit: String(limit), offset: String(offset) });
      if (search) query.set("search", search);
      if (status) query.set("status", status);
      return call(`${CLIENTS_PATH}?${query}`, clientListSchema, { signal });
    },
    get: (clientId, signal) => call(pathOf(clientId), clientViewSchema, { signal }),
    create: (input) =>
      call(CLIENTS_PATH, credentialsSchema, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(input),
      }),
    regenerateSecret: (clientId) =>
      call(`${pathOf(clientId)}/regenerate-secret`, credentialsSchema, { method: "POST" }),
    disable: async (clientId) => {
      await call(pathOf(clientId), disabledSchema, { method: "DELETE" });
    },
  };
}
