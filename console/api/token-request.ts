import * as z from "zod";
import type { Credentials } from "./admin-api.ts";
import { exchange, requestIdOf } from "./http.ts";

const grantSchema = z.object({ access_token: z.string().min(1), expires_in: z.number(), scope: z.string() });
const refusalSchema = z.object({ error: z.string(), error_description: z.string().optional() });

/** The outcome of a token request. The token itself is discarded. */
export type TokenOutcome =
  | { ok: true; lifetimeSeconds: number; scopes: readonly string[] }
  | { ok: false; status: number; reason: string; requestId: string | undefined };

/** Requests a token as an integration does (RFC 6749 §4.4.2). Throws an `ApiError` when no answer comes. */
export async function requestToken(tokenEndpoint: string, credentials: Credentials): Promise<TokenOutcome> {
  const body = new URLSearchParams({ grant_type: "client_credentials", ...credentials });
  const response = await exchange(tokenEndpoint, { method: "POST", body });
  const answer: unknown = await response.json().catch(() => undefined);
  const grant = grantSchema.safeParse(answer).data;
  if (response.ok && grant) return { ok: true, lifetimeSeconds: grant.expires_in, scopes: grant.scope.split(" ") };
  const refusal = refusalSchema.safeParse(answer).data;
  const reason = refusal?.error_description ?? refusal?.error ?? "The answer is not that of a token endpoint.";
  // The id ends the description, for those who see nothing else.
  const requestId = requestIdOf(response);
  return { ok: false, status: response.status, reason: reason.replace(` (request ${requestId})`, ""), requestId };
}
