import { type Emulators, startServer } from "./processes.ts";

/** A client of the service with the body of its token request. */
export interface BenchClient {
  clientId: string;
  clientSecret: string;
  /** Names the scopes: not every competitor grants them by default. */
  body: string;
}

const SCOPES = ["investigations:read", "incidents:read", "search:read"];

/** Returns the settings of a competitor that issues tokens to one client. Token reuse is off: every competitor signs each token. */
export function competitorSettings({ settings }: Emulators, client: BenchClient): Record<string, string> {
  return {
    ...settings,
    TOKEN_REUSE_SECONDS: "0",
    BENCH_CLIENT_ID: client.clientId,
    BENCH_CLIENT_SECRET: client.clientSecret,
  };
}

async function createClient(serviceUrl: string, { adminToken }: Emulators): Promise<BenchClient> {
  const response = await fetch(new URL("/api/admin/api-clients", serviceUrl), {
    method: "POST",
    headers: { authorization: `Bearer ${adminToken}`, "content-type": "application/json" },
    body: JSON.stringify({ name: "Bench", scopes: SCOPES }),
  });
  if (response.status !== 201) throw new Error(`No client was created: ${response.status} ${await response.text()}`);
  const { client_id, client_secret } = (await response.json()) as { client_id: string; client_secret: string };
  const form = { grant_type: "client_credentials", client_id, client_secret, scope: SCOPES.join(" ") };
  return { clientId: client_id, clientSecret: client_secret, body: new URLSearchParams(form).toString() };
}

/** Creates clients through an instance of the service that is stopped afterwards. */
export async function createClients(emulators: Emulators, count: number): Promise<BenchClient[]> {
  const host = await startServer("service-in-host", emulators.settings);
  try {
    const clients: BenchClient[] = [];
    while (clients.length < count) clients.push(await createClient(host.url, emulators));
    return clients;
  } finally {
    await host.stop();
  }
}
