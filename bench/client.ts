import type { StandIns } from "./processes.ts";

/** A client of the service, and what it sends to get a token. */
export interface BenchClient {
  clientId: string;
  clientSecret: string;
  /** Asks for scopes by name, which not every peer adds by itself. */
  body: string;
}

const SCOPES = ["investigations:read", "incidents:read", "search:read"];

/** Creates a client through the admin API. */
export async function createClient(serviceUrl: string, { adminToken }: StandIns, name = "Bench"): Promise<BenchClient> {
  const response = await fetch(new URL("/api/admin/api-clients", serviceUrl), {
    method: "POST",
    headers: { authorization: `Bearer ${adminToken}`, "content-type": "application/json" },
    body: JSON.stringify({ name, scopes: SCOPES }),
  });
  if (response.status !== 201) throw new Error(`No client was created: ${response.status} ${await response.text()}`);
  const { client_id, client_secret } = (await response.json()) as { client_id: string; client_secret: string };
  const form = { grant_type: "client_credentials", client_id, client_secret, scope: SCOPES.join(" ") };
  return { clientId: client_id, clientSecret: client_secret, body: new URLSearchParams(form).toString() };
}
