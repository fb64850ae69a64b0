import { type StandIns, startServer } from "./processes.ts";

/** A client of the service, and what it sends to get a token. */
export interface BenchClient {
  clientId: string;
  clientSecret: string;
  /** Asks for scopes by name, which not every peer adds by itself. */
  body: string;
}

const SCOPES = ["investigations:read", "incidents:read", "search:read"];

/** The settings of a contestant that issues tokens to one client and, as the others do, signs every one. */
export function contestantSettings({ settings }: StandIns, client: BenchClient): Record<string, string> {
  return {
    ...settings,
    TOKEN_REUSE_SECONDS: "0",
    BENCH_CLIENT_ID: client.clientId,
    BENCH_CLIENT_SECRET: client.clientSecret,
  };
}

async function createClient(serviceUrl: string, { adminToken }: StandIns): Promise<BenchClient> {
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

/** Creates clients through an instance of the service that is there for that alone. */
export async function createClients(standIns: StandIns, count: number): Promise<BenchClient[]> {
  const host = await startServer("service-in-host", standIns.settings);
  try {
    const clients: BenchClient[] = [];
    while (clients.length < count) clients.push(await createClient(host.url, standIns));
    return clients;
  } finally {
    await host.stop();
  }
}
