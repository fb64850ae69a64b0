import { type AdminIssuer, type Claims, startAdminIssuer } from "../../local/azure/admin-issuer.ts";
import { generateClientSecret, hashClientSecret } from "../../shared/clients/client-secret.ts";
import { newClient } from "../../shared/clients/new-client.ts";
import { compose } from "../../shared/compose.ts";
import type { Config } from "../../shared/config.ts";
import type { Client, NewClient } from "../../shared/model/client.ts";
import { backgroundContext } from "../../shared/request/context.ts";
import type { Services } from "../../shared/services.ts";
import { createClock, type FakeClock } from "./fake-clock.ts";
import { createFakeSecretVault, type FakeSecretVault } from "./fake-secret-vault.ts";
import { createFakeSigningVault, type FakeSigningVault, SIGNING_KEY_NAME } from "./fake-signing-vault.ts";
import { createFakeTable, type FakeTable } from "./fake-table.ts";

/** An API client as the administrator who created it knows it. */
export interface NewApiClient {
  client: Client;
  clientId: string;
  clientSecret: string;
}

/** What endpoints may use, on fakes of Azure that are shared with other instances of the service. */
export interface FakeServices extends Services {
  readonly azure: FakeAzure;
  /** Creates an API client as `create` does. */
  addClient(input?: Partial<NewClient>): Promise<NewApiClient>;
  /** A valid admin token by the frozen clock; the claims given replace its own. */
  adminToken(claims?: Claims): string;
}

/** What the instances of a service share. */
export interface FakeAzure {
  readonly clock: FakeClock;
  readonly table: FakeTable;
  readonly secretVault: FakeSecretVault;
  /** Another one may be added before the instances that are to use it are made. */
  readonly signingVaults: FakeSigningVault[];
  readonly adminIssuer: AdminIssuer;
}

/** One for each process: its key is slow to make, and nothing about it ever changes. */
let adminIssuer: Promise<AdminIssuer> | undefined;

/** Makes the Azure that one test needs: empty stores, a vault with a signing key, a clock that stands. */
export async function createFakeAzure(): Promise<FakeAzure> {
  adminIssuer ??= startWarmIssuer();
  const clock = createClock();
  return {
    clock,
    table: createFakeTable(),
    secretVault: createFakeSecretVault(clock.now),
    signingVaults: [createFakeSigningVault(clock.now)],
    adminIssuer: await adminIssuer,
  };
}

/** The first `fetch` of a process is slow: on a busy machine, slower than an authenticator waits for the issuer's keys. */
async function startWarmIssuer(): Promise<AdminIssuer> {
  const issuer = await startAdminIssuer();
  await (await fetch(issuer.jwksUrl)).arrayBuffer();
  return issuer;
}

/** Makes one instance of the service; two that share an Azure are two instances of one service. */
export async function createFakeServices(shared?: FakeAzure): Promise<FakeServices> {
  const azure = shared ?? (await createFakeAzure());
  const { clock } = azure;
  const { now } = clock;
  const config = configFor(azure);
  const { table, secretVault, signingVaults } = azure;
  const services = compose(config, { table, secretVault, readSecretPage: secretVault.readPage, signingVaults }, clock);
  const { clients, secrets } = services;

  return {
    ...services,
    azure,

    async addClient(input = {}) {
      const defaults: NewClient = {
        name: "XSOAR Production",
        description: "Palo Alto XSOAR integration for automated investigation",
        scopes: ["investigations:read", "investigations:write", "incidents:read"],
      };
      const call = backgroundContext(clock, 5_000);
      const client = newClient({ ...defaults, ...input }, config.clientIdPrefix, "admin-user-id", now());
      const clientSecret = generateClientSecret();
      const secretName = await secrets.put(client.clientId, hashClientSecret(client.clientId, clientSecret), call);
      if (!(await clients.insert(client, secretName, call))) throw new Error("the client_id is taken");
      return { client, clientId: client.clientId, clientSecret };
    },

    adminToken(claims = {}) {
      const iat = Math.floor(now().getTime() / 1000);
      return azure.adminIssuer.token({ iat, nbf: iat, exp: iat + 3600, ...claims });
    },
  };
}

function configFor({ adminIssuer, signingVaults }: FakeAzure): Config {
  const { issuer, audience, jwksUrl } = adminIssuer;
  return {
    tokenIssuer: "https://auth.socmate.example",
    tokenAudience: "https://api.socmate.example",
    tokenLifetimeSeconds: 1800,
    tokenReuse: { burst: 10, perSecond: 1, seconds: 10 },
    clientIdPrefix: "socmate",
    tablesUrl: "https://tables.example",
    secretsVaultUrl: "https://secrets.example",
    signingVaultUrls: signingVaults.map(({ url }) => url),
    signingKeyName: SIGNING_KEY_NAME,
    keyPublishLeadSeconds: 86_400,
    admin: { issuer, audience, jwksUrl, role: "admin" },
    azureClientId: undefined,
    consoleClientId: adminIssuer.consoleClientId,
  };
}
